import re
from itertools import combinations

from kg import ids


def test_an_id_is_a_kind_and_24_hexadecimal_digits() -> None:
    made = {
        "doc": ids.document_id("c", "s"),
        "psg": ids.passage_id("c", "t", "h", "x"),
        "ent": ids.entity_id("c", "n"),
        "fct": ids.fact_id("c", "s", "r", "o"),
    }
    for kind, id_ in made.items():
        assert re.fullmatch(rf"{kind}-[0-9a-f]{{24}}", id_)


def test_ids_never_change() -> None:
    """Whoever changes how ids are made makes every stored graph a stranger to new documents."""
    assert ids.document_id("library", "a.txt") == "doc-59d5089178e57a5931f6467c"
    assert ids.entity_id("library", "巴甫洛夫") == "ent-dd19b8493c0b6acc87786e6f"


def test_the_same_content_has_another_id_in_another_collection() -> None:
    assert ids.entity_id("a", "x") != ids.entity_id("b", "x")


def test_parts_cannot_be_shifted_into_each_other() -> None:
    cut = [("ab", "c", ""), ("a", "bc", ""), ("", "abc", ""), ("a", "b", "c"), ("abc", "", "")]
    for one, other in combinations(cut, 2):
        assert ids.passage_id("c", *one) != ids.passage_id("c", *other)


def test_kinds_do_not_meet() -> None:
    assert ids.document_id("c", "x").split("-")[1] != ids.entity_id("c", "x").split("-")[1]


def test_text_that_is_none_has_an_id_all_the_same() -> None:
    assert ids.document_id("c", "\ud800") != ids.document_id("c", "\ud801")


def test_a_content_hash_depends_on_every_part_and_its_place() -> None:
    assert len({ids.content_hash(*parts) for parts in ("ab", "ba", "a", ("ab",), ())}) == 5
