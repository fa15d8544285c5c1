import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.names import MAX_NAME_CHARS, is_collection_name, normalise, surface


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("Ivan Pavlov", "ivan pavlov"),
        ("  Ivan\n\tPavlov ", "ivan pavlov"),
        ("“Ivan Pavlov”,", "ivan pavlov"),
        ("H.M.", "h.m"),
        ("(1849–1936)", "1849–1936"),
        ("Straße", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("ﬁle", "file"),
        ("ＡＢＣ１２３", "abc123"),
        ("Zoe\u0308", "zoë"),
        ("İzmir", "i\u0307zmir"),
        ("«Война и мир»", "война и мир"),
        ("《红楼梦》", "红楼梦"),
        ("「東京」。", "東京"),
        ("؟القاهرة؟", "القاهرة"),
        ("हिन्दी", "हिन्दी"),
        ("🧠 atlas", "🧠 atlas"),
        ("C++", "c++"),
        ("$100", "$100"),
        ("a\x00b", "a b"),
        ("… - !", ""),
        ("", ""),
    ],
)
def test_the_normal_form_of(name: str, normal: str) -> None:
    assert normalise(name) == normal


@given(st.text())
def test_a_normal_form_is_its_own(name: str) -> None:
    assert normalise(normalise(name)) == normalise(name)


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_a_normal_form_is_never_longer_than_the_longest_name(name: str) -> None:
    assert len(normalise(name * 20)) <= MAX_NAME_CHARS


def test_what_is_cut_off_leaves_no_punctuation_at_the_end() -> None:
    assert normalise("a" * 299 + ".b") == "a" * 299


def test_a_surface_keeps_all_but_white_space() -> None:
    assert surface(" “Ivan\n  PAVLOV”, ") == "“Ivan PAVLOV”,"


def test_a_sentence_in_place_of_a_name_is_cut() -> None:
    assert surface("word " * 100) == ("word " * 60).strip()


@pytest.mark.parametrize("name", ["a", "A b.c-d_e", "图书馆", "é", "x" * 100])
def test_is_a_collection_name(name: str) -> None:
    assert is_collection_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", "a ", "-a", ".", "..", "a/b", "a\\b", "a\x00", "x" * 101]
)
def test_is_no_collection_name(name: str) -> None:
    assert not is_collection_name(name)
