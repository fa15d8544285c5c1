"""All queries, in `.cypher` files: each begins with a line `// name: what_it_does`.

`$collection` is a collection's name, and every key begins with it; `$ids` is a list of ids;
`$rows` is a list of maps, of which a query unwinds a batch at a time.
"""

from functools import cache
from typing import LiteralString

from kg.named import named_queries


@cache
def queries(file: str) -> dict[str, LiteralString]:
    """The queries of one file, by name."""
    return named_queries(__name__, f"{file}.cypher", "//")
