"""The link that opens Neo4j Browser with an answer: its passages, entities and facts.

Browser takes a query from its address, without parameters. What changes from link to link are
literals that were checked against a pattern, none of which has quotes or backslashes: the names of
the database and the collection, and ids, which are hashes.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from urllib.parse import quote

from kg.errors import InputError
from kg.names import is_collection_name

MOST = 50
"""Ids of each kind in a link: more could not be told apart, and a server takes no address of more
than some 8,000 characters."""

_DATABASE = re.compile(r"[A-Za-z][A-Za-z0-9.-]{2,62}")
_ID = re.compile(r"(?:psg|ent|fct)-[0-9a-f]{24}")


def answer_link(
    browser_url: str,
    *,
    database: str,
    collection: str,
    passages: Iterable[str],
    entities: Iterable[str],
    facts: Iterable[str],
) -> str:
    """An address below `browser_url`. Of the ids of each kind, the first `MOST` are shown.

    It asks Neo4j itself for its Bolt address, which may be another one than servers use.
    Raises: InputError if one of the names or ids is none.
    """
    query = "\n".join(
        (
            f"USE `{_checked(database, _DATABASE.fullmatch(database))}`",
            f"WITH '{_checked(collection, is_collection_name(collection))}' AS collection,",
            f"  {_ids(passages)} AS passages,",
            f"  {_ids(entities)} AS entities,",
            f"  {_ids(facts)} AS facts",
            _rest(),
        )
    )
    return f"{browser_url.rstrip('/')}/browser/?cmd=edit&arg={quote(query, safe='')}"


def _ids(given: Iterable[str]) -> str:
    """A list of literals."""
    first = list(dict.fromkeys(given))[:MOST]
    return "[" + ",".join(f"'{_checked(one, _ID.fullmatch(one))}'" for one in first) + "]"


def _checked(text: str, fits: object) -> str:
    if not fits:
        raise InputError(
            f"A link to Neo4j Browser cannot contain {text!r}, which is neither a database or "
            "collection name nor an id of Ammon."
        )
    return text


@cache
def _rest() -> str:
    return (
        resources.files(__package__).joinpath("answer.cypher").read_text(encoding="utf-8").strip()
    )
