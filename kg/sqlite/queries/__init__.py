"""All queries, in `.sql` files: each begins with a line `-- name: what_it_does`.

`:collection` is a collection's key (not its name); `:ids` is a JSON array of ids.
"""

from functools import cache

from kg.named import named_queries


@cache
def queries(file: str) -> dict[str, str]:
    """The queries of one file, by name."""
    return named_queries(__name__, f"{file}.sql", "--")
