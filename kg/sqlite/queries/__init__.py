"""All queries, in `.sql` files: each begins with a line `-- name: what_it_does`.

`:collection` is a collection's key (not its name); `:ids` is a JSON array of ids.
"""

import re
from functools import cache
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def queries(file: str) -> dict[str, str]:
    """The queries of one file, by name."""
    text = resources.files(__package__).joinpath(f"{file}.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    if len(found) * 2 != len(parts):
        raise ValueError(f"{file}.sql has two queries of one name")
    return found
