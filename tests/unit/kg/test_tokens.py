"""Words in their normal form."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.tokens import has_case, normal_form, tokenise, tokens_of


def forms(text: str) -> list[str]:
    return [token.form for token in tokenise(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ramón y Cajal", ["ramon", "y", "cajal"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("cafe\u0301 café CAFÉ", ["cafe", "cafe", "cafe"]),
        ("\ufb01ord １９９９", ["fiord", "1999"]),
        ("İstanbul", ["istanbul"]),
        ("Henry Molaison's brain", ["henry", "molaison", "brain"]),
        ("Cajal’s Cajalʼs CAJAL'S", ["cajal", "cajal", "cajal"]),
        ("the Mosers' laboratory", ["the", "mosers", "laboratory"]),
        ("“Octopus” ’s arm", ["octopus", "arm"]),
        ("John O'Keefe and John O’Keefe", ["john", "okeefe", "and", "john", "okeefe"]),
        ("John O\uff07Keefe", ["john", "okeefe"]),
        ("Cajal\uff07s Ｃａｊａｌ\uff07ｓ \uff07ｓ \uff07Ｓ", ["cajal", "cajal"]),
        ("\uff07Hebb\uff07", ["hebb"]),
        ("Ⓗⓔⓑⓑ, 🄷🄴🄱🄱, Hⓔbb", ["hebb", "hebb", "hebb"]),
        ("May-Britt Moser", ["may", "britt", "moser"]),
        ("3.14 and 1,000", ["3", "14", "and", "1", "000"]),
        ("snake_case", ["snake", "case"]),
        ("Hippo\u00adcampus", ["hippocampus"]),
        ("", []),
        ("  …?! — ", []),
        ("😀 👩\u200d🔬 🇳🇴", []),
        ("😀Hebb😀", ["hebb"]),
        ("I ❤\ufe0f it", ["i", "it"]),
        ("\u0301 alone", ["alone"]),
    ],
)
def test_the_normal_form_keeps_what_names_are_told_by(text: str, expected: list[str]) -> None:
    assert forms(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("H.M. slept", ["hm", "slept"]),
        ("HM slept", ["hm", "slept"]),
        ("H.M.'s sleep", ["hm", "sleep"]),
        ("the U.S.A and the U.S.A.", ["the", "usa", "and", "the", "usa"]),
        ("U.S.Army", ["us", "army"]),
        ("J. Z. Young", ["j", "z", "young"]),
        ("It ended. A new one began.", ["it", "ended", "a", "new", "one", "began"]),
    ],
)
def test_dots_inside_initials_are_dropped(text: str, expected: list[str]) -> None:
    assert forms(text) == expected


@pytest.mark.parametrize(
    "inflected",
    [
        ["Москва", "Москвы", "Москве", "Москву"],
        ["Лурия", "Лурии", "Лурию"],
        ["محمد", "مُحَمَّد", "محمـد"],
        ["أحمد", "احمد"],
        ["القاهرة", "قاهرة"],
        ["می\u200cخواهم", "میخواهم"],
    ],
)
def test_inflected_and_marked_spellings_of_a_name_meet(inflected: Sequence[str]) -> None:
    assert len({normal_form(word) for word in inflected}) == 1


def test_names_of_one_stem_in_different_scripts_stay_apart() -> None:
    assert len({normal_form(word) for word in ("Moskva", "Москва", "موسكو", "莫")}) == 4


def test_chinese_japanese_and_thai_give_one_token_a_character() -> None:
    assert forms("北京大学") == ["北", "京", "大", "学"]
    assert forms("東京タワー")[:4] == ["東", "京", "タ", "ワ"]
    assert len(forms("ไทย")) == 3


def test_composed_and_decomposed_kana_meet() -> None:
    assert forms("ガラス") == forms("カ\u3099ラス")
    assert len(forms("ガラス")) == 3


def test_scripts_with_vowel_signs_keep_their_words_whole() -> None:
    assert [(token.start, token.end) for token in tokenise("हिन्दी भाषा।")] == [(0, 6), (7, 11)]
    assert forms("राम") != forms("रम")


def test_a_latin_name_inside_chinese_text_is_one_token() -> None:
    assert forms("由Hebb提出") == ["由", "hebb", "提", "出"]


def test_offsets_are_those_of_the_text_as_given() -> None:
    text = "😀 Zoe\u0308’s 北 H.M. ended"
    spans = [text[token.start : token.end] for token in tokenise(text)]
    assert spans == ["Zoe\u0308’s", "北", "H.M.", "ended"]


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("Hebb", True),
        ("hebb", False),
        ("Éva", True),
        ("éva", False),
        ("iPhone", False),
        ("1949", True),
        ("Ⓗebb", True),
        ("ⓗebb", False),
        ("北", True),
        ("محمد", True),
        ("Лурия", True),
        ("мозг", False),
        ("राम", True),
    ],
)
def test_a_token_is_named_if_it_has_a_capital_a_digit_or_no_case(word: str, named: bool) -> None:
    assert [token.named for token in tokenise(word)] == [named]


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("7", [False]),
        ("999", [False]),
        ("1953", [True]),
        ("Q", [True]),
        ("红", [False]),
        ("《红》", [True]),
        ("「红」", [True]),
        ("“红”", [True]),
        ("《红楼》", [False, False]),
        ("红》", [False]),
        ("《红", [False]),
    ],
)
def test_short_numbers_and_bare_characters_are_no_names_alone(text: str, alone: list[bool]) -> None:
    assert [token.alone for token in tokenise(text)] == alone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who taught Hebb?", True),
        ("Who taught hebb?", False),
        ("who taught hebb?", False),
        ("WHO TAUGHT HEBB?", False),
        ("Кто учил Хебба?", True),
        ("谁教过赫布？", False),
        ("谁教过Hebb？", False),
        ("من علّم هيب؟", False),
        ("", False),
        ("Hebb", False),
    ],
)
def test_a_text_has_case_if_both_cases_tell_words_apart(text: str, expected: bool) -> None:
    assert has_case(tokens_of(text), text) is expected


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_ordered_tokens_with_forms_that_are_not_empty(text: str) -> None:
    tokens = tokenise(text)
    assert all(token.form and token.start < token.end <= len(text) for token in tokens)
    assert all(one.end <= other.start for one, other in pairwise(tokens))


_WORDY = st.sampled_from(["'", "'s", ".", "_", " ", ",", "a", "B", "is", "H.M", "7", "1953", "O'"])


@settings(deadline=None)
@given(st.one_of(st.text(st.characters(max_codepoint=127)), st.lists(_WORDY).map("".join)))
def test_a_text_in_ascii_is_read_as_it_is_beside_a_word_that_is_not(text: str) -> None:
    assert tokenise(text) == tokenise(f"{text} é")[:-1]


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x24F), max_size=40))
def test_upper_and_lower_case_of_latin_text_meet(text: str) -> None:
    assert forms(text.upper()) == forms(text.upper().lower())


def test_stems_are_the_same_in_every_thread() -> None:
    words = [f"{stem}{ending}" for stem in ("Иван", "Нейрон") for ending in ("а", "ов", "ами")]
    expected = [normal_form.__wrapped__(word) for word in words]
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda _: [normal_form.__wrapped__(word) for word in words], range(16))
        )
    assert found == [expected] * 16
