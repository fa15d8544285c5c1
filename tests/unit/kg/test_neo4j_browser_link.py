"""Links to Neo4j Browser."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kg.errors import InputError
from kg.neo4j.browser import answer_link
from kg.neo4j.browser.link import MOST

ADDRESS = "http://neo4j.example:7474"


def an_id(kind: str, number: int = 1) -> str:
    return f"{kind}-{number:024x}"


def link(**changes: Any) -> str:
    usual = {"browser_url": ADDRESS, "database": "neo4j", "collection": "default"}
    given = {"passages": [an_id("psg")], "entities": [an_id("ent")], "facts": [an_id("fct")]}
    return answer_link(**{**usual, **given, **changes})


def query_of(address: str) -> str:
    (query,) = parse_qs(urlsplit(address).query)["arg"]
    return query


def test_it_puts_the_query_into_browsers_editor() -> None:
    address = link(collection="Ζωή 2.0")
    assert address.startswith("http://neo4j.example:7474/browser/?cmd=edit&arg=USE%20")
    assert query_of(address).startswith(
        "USE `neo4j`\n"
        "WITH 'Ζωή 2.0' AS collection,\n"
        "  ['psg-000000000000000000000001'] AS passages,\n"
        "  ['ent-000000000000000000000001'] AS entities,\n"
        "  ['fct-000000000000000000000001'] AS facts\n"
        "CALL (collection, passages, entities, facts) {\n"
    )


def test_it_has_no_character_that_ends_a_link_in_a_text() -> None:
    assert re.fullmatch(r"[\w:/?&=.%~-]+", link(), re.ASCII)


def test_a_slash_at_the_end_of_the_address_does_no_harm() -> None:
    assert link(browser_url=f"{ADDRESS}/") == link()


@pytest.mark.parametrize(
    "changes",
    [
        {"collection": "x' RETURN 1 //"},
        {"collection": "x\\"},
        {"database": "neo4j` MATCH (n) DETACH DELETE n //"},
        {"database": "neo4j\n"},
        {"passages": ["psg-00000000000000000000000'"]},
        {"entities": ["ada lovelace"]},
        {"facts": [an_id("fct"), an_id("fct") + "\n"]},
    ],
)
def test_what_is_no_name_and_no_id_does_not_get_into_a_query(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="cannot contain"):
        link(**changes)


def test_the_first_ids_are_shown_once_each_and_not_too_many() -> None:
    given = [an_id("psg", 7), *(an_id("psg", number) for number in range(2 * MOST))]
    shown = re.findall(r"psg-\w+", query_of(link(passages=given)))
    expected = [7, *(number for number in range(MOST) if number != 7)]
    assert shown == [an_id("psg", number) for number in expected]
