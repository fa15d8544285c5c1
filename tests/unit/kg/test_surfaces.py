"""Spans that may be names."""

from collections import Counter

from kg.surfaces import (
    MAX_TOKENS,
    Span,
    key_of,
    matches,
    outer_spans,
    spans,
    surface_of,
)
from kg.tokens import tokenise


def surfaces(text: str, *, cased: bool = True, longest: int = MAX_TOKENS) -> list[str]:
    return [span.surface for span in spans(tokenise(text), cased=cased, longest=longest)]


def test_all_spans_with_a_capital_come_by_first_token_and_length() -> None:
    assert surfaces("son of Karl Lashley") == [
        "son of karl",
        "son of karl lashley",
        "of karl",
        "of karl lashley",
        "karl",
        "karl lashley",
        "lashley",
    ]


def test_without_case_every_span_may_be_a_name() -> None:
    assert surfaces("red sea", cased=False) == ["red", "red sea", "sea"]


def test_no_span_is_longer_than_the_longest() -> None:
    text = " ".join(f"Name{number}" for number in range(MAX_TOKENS + 3))
    assert max(surface.count(" ") + 1 for surface in surfaces(text)) == MAX_TOKENS
    assert max(surface.count(" ") + 1 for surface in surfaces(text, longest=2)) == 2


def test_a_short_number_is_no_name_alone_but_part_of_one() -> None:
    assert surfaces("Apollo 11") == ["apollo", "apollo 11"]


def test_a_single_chinese_character_is_no_name_unless_quoted() -> None:
    assert surfaces("红楼", cased=True) == ["红 楼"]
    assert surfaces("《红》", cased=True) == ["红"]


def test_no_tokens_give_no_spans() -> None:
    assert surfaces("") == []
    assert surface_of([]) == ""


def test_matches_keep_nested_names() -> None:
    known = {"new york", "york", "new york university"}
    found = matches(tokenise("At New York University"), cased=True, known=known.__contains__)
    assert found == [
        Span("new york", 1, 2),
        Span("new york university", 1, 3),
        Span("york", 2, 2),
    ]


def test_matches_meet_other_spellings_of_a_name() -> None:
    known = {surface_of(tokenise("H.M. Ramón"))}
    found = matches(tokenise("of HM Ramon’s"), cased=True, known=known.__contains__)
    assert [(span.first, span.last) for span in found] == [(1, 2)]


def test_outer_spans_lie_in_no_longer_one() -> None:
    found = [Span("a", 0, 0), Span("a b", 0, 1), Span("b c", 1, 2), Span("b", 1, 1)]
    assert outer_spans(found) == [Span("a b", 0, 1), Span("b c", 1, 2)]


def test_a_key_is_fnv_1a_of_the_bytes_mixed() -> None:
    assert key_of("foobar") == _mixed(0x85944171F73967E8)  # as the authors of FNV publish it
    assert key_of("") == _mixed(0xCBF29CE484222325)
    assert len({key_of(text) for text in ("北 京", "京 北", "北京", "москв", "a b", "ab")}) == 6


def test_keys_lie_evenly() -> None:
    parts = Counter(key_of(f"name {number}") >> 60 for number in range(16_000))
    assert len(parts) == 16
    assert all(850 < count < 1150 for count in parts.values())


def _mixed(key: int) -> int:
    """The last step of MurmurHash3's 64-bit variants."""
    key = (key ^ (key >> 33)) * 0xFF51AFD7ED558CCD % 2**64
    key = (key ^ (key >> 33)) * 0xC4CEB9FE1A85EC53 % 2**64
    return key ^ (key >> 33)
