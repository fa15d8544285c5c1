"""Named queries, read from a file in which each begins with a comment `name: what_it_does`."""

import re
from importlib import resources
from typing import LiteralString


def named_queries(package: str, file: str, comment: str) -> dict[str, LiteralString]:
    """The queries of a package's file, by name; `comment` is what its language's comments begin
    with. They count as literals, as if they stood in the code, since they contain no input.

    Raises: ValueError if two have the same name.
    """
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    _, *parts = re.split(rf"^{comment} name: (\w+)\n", text, flags=re.MULTILINE)
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    if len(found) * 2 != len(parts):
        raise ValueError(f"{file} has two queries of one name")
    return found
