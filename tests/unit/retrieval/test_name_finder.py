"""The names in a question."""

from collections.abc import Callable

import pytest

from kg.errors import WeightsInvalid
from retrieval.names import NameFinder, names_by_spelling
from tests.doubles.letters import bold, ligated, wide


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Where was Ada Lovelace born?", ["Ada Lovelace"]),
        ("Marie Curie studied where?", ["Marie Curie"]),
        ("Who led the expedition of the Fram to Spitsbergen?", ["Fram", "Spitsbergen"]),
        ("Which river rises near Ada's house?", ["Ada"]),
        ("Is it John O\uff07Keefe\uff07s?", ["John O\uff07Keefe"]),
        ("Где родился Антон Чехов?", ["Антон Чехов"]),
        ("Who wrote 'it' and “the quiet lake”?", ["the quiet lake"]),
        ("《红楼梦》的作者是谁？", ["红楼梦"]),
        ("who wrote it?", []),
        ("¿Dónde nació Ana María?", ["Ana María"]),
        ("", []),
    ],
)
def test_names_are_told_by_their_spelling(question: str, expected: list[str]) -> None:
    assert names_by_spelling(question) == expected


@pytest.fixture(scope="module")
def finder() -> NameFinder:
    return NameFinder()


def test_spacy_finds_names(finder: NameFinder) -> None:
    assert finder.names("Who succeeded Angela Merkel in Berlin?") == ("Angela Merkel", "Berlin")


@pytest.mark.parametrize("written", [wide, bold, ligated])
@pytest.mark.parametrize(
    "question",
    [
        "Who succeeded Angela Merkel as the first chancellor in Berlin?",
        "In which office did Steffi Graf's coach Pavel Slozil meet Buffy Smith in 1987?",
        'who wrote "the quiet flood"?',
    ],
)
def test_names_in_other_forms_of_letters_are_found_as_in_ordinary_ones(
    finder: NameFinder, question: str, written: Callable[[str], str]
) -> None:
    assert written(question) != question
    assert finder.names(written(question)) == finder.names(question) != ()


def test_numbers_are_no_names(finder: NameFinder) -> None:
    assert "three" not in finder.names("Which three rivers meet in Germany?")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("《红楼梦》的作者是谁？", ("红楼梦",)),
        ("Где родился Антон Чехов?", ("Антон Чехов",)),
        ('who wrote "the quiet lake"?', ("the quiet lake",)),
    ],
)
def test_spelling_helps_where_spacy_finds_nothing(
    finder: NameFinder, question: str, expected: tuple[str, ...]
) -> None:
    assert finder.names(question) == expected


def test_a_model_that_is_not_installed_is_named() -> None:
    with pytest.raises(WeightsInvalid, match="no_such_model"):
        NameFinder("no_such_model").names("Who?")
