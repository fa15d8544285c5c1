"""All queries, in `.cypher` files: each begins with a line `// name: what_it_does`.

`$collection` is a collection's name, and every key begins with it; `$ids` is a list of ids;
`$rows` is a list of maps, of which a query unwinds a batch at a time.
"""

import re
from functools import cache
from importlib import resources
from typing import LiteralString, cast

_NAME = re.compile(r"^// name: (\w+)\n", re.MULTILINE)


@cache
def queries(file: str) -> dict[str, LiteralString]:
    """The queries of one file, by name."""
    text = resources.files(__package__).joinpath(f"{file}.cypher").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    if len(found) * 2 != len(parts):
        raise ValueError(f"{file}.cypher has two queries of one name")
    # They are as literal as if they stood in the code: nobody's input is in them.
    return cast("dict[str, LiteralString]", found)
