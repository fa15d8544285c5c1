"""Of a passage's sentences, that which says it is quoted, not the heading above it."""

import time

import numpy as np
import pytest

from kg.snapshot import Snapshot
from retrieval import quoting
from retrieval.quoting import best_quote, is_heading, sentences_of
from retrieval.receipt import Quote
from tests.doubles.corpus import Note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder

EMBEDDER = HashEmbedder(64)
TEXT = "Early life\n\nHebb was born in Chester.\n\nStudents of Hebb\n\nMilner was one."


def quoted(text: str, question: str, rows: slice = slice(None)) -> Quote:
    """Of a note entitled 'Hebb' with this text, what fits a question best."""
    snapshot: Snapshot = snapshot_of([Note(title="Hebb", text=text)], EMBEDDER)
    (vector,) = EMBEDDER.embed([question], "query")
    return best_quote(snapshot, sentences_of(snapshot, 0)[rows], np.asarray(vector))


def test_a_sentence_is_quoted_rather_than_a_heading_that_is_nearer_to_the_question() -> None:
    assert not quoted(TEXT, "Hebb: Students of Hebb").heading
    assert quoted(TEXT, "Hebb: Hebb was born in Chester.").text == "Hebb was born in Chester."


def test_where_only_a_heading_says_it_the_heading_is_quoted_as_such() -> None:
    found = quoted(TEXT, "Hebb: Students of Hebb", slice(2, 3))
    assert (found.text, found.heading) == ("Students of Hebb", True)
    assert TEXT[found.start : found.end] == found.text


def test_of_several_headings_the_nearest_is_quoted() -> None:
    found = quoted(TEXT, "Hebb: Students of Hebb", slice(0, 3, 2))
    assert found.text == "Students of Hebb"


def test_only_the_best_is_looked_at_if_it_is_no_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def noted(text: str, start: int, end: int, title: str = "") -> bool:
        seen.append(text[start:end])
        return is_heading(text, start, end, title)

    monkeypatch.setattr(quoting, "is_heading", noted)
    quoted(TEXT, "Hebb: Hebb was born in Chester.")
    assert seen == ["Hebb was born in Chester."]


def test_what_is_a_heading_is_seen_as_fast_in_a_long_text() -> None:
    text = f"{'x' * 5_000_000}\n\nEarly life\n\n{'x' * 5_000_000}"
    begun = time.thread_time()
    assert all(is_heading(text, 5_000_002, 5_000_012) for _ in range(1000))
    assert time.thread_time() - begun < 0.5


@pytest.mark.parametrize(
    "line", ["Early life", "1. Introduction", "The engram (1904)", "Память", "記憶痕跡"]
)
def test_a_short_line_by_itself_with_text_below_it_is_a_heading(line: str) -> None:
    text = f"It was so.\n\n{line}\n\nHe lived."
    assert is_heading(text, 12, 12 + len(line))
    assert is_heading(f"{line}\n\nHe lived.", 0, len(line))


@pytest.mark.parametrize(
    "line",
    [
        "He lived in Jena.",
        "He “lived.”",
        "He lived.[3]",
        "What is memory?",
        "彼は生まれた。",
        "- One thing",
        "x " * 60 + "x",
    ],
)
def test_sentences_items_and_paragraphs_are_no_headings(line: str) -> None:
    assert not is_heading(f"It was so.\n\n{line}\n\nHe lived.", 12, 12 + len(line))


def test_a_line_of_a_paragraph_is_no_heading() -> None:
    assert not is_heading("He wrote a book that\nfew people read.", 0, 20)
    assert not is_heading("It was so.\n\nThe last line", 12, 25)


def test_the_title_on_a_line_of_its_own_is_a_heading() -> None:
    assert is_heading("Hebb\nHe lived.", 0, 4, "Hebb")
