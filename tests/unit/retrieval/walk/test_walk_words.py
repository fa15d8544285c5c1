"""The words that a question and a passage have in common."""

from math import log

import numpy as np
import pytest

from kg.snapshot import Ragged
from kg.snapshot.tables import Float32Array, Int32Array, Words
from kg.surfaces import key_of
from kg.tokens import normal_form
from retrieval.loops import candidates
from retrieval.loops import shared as loops
from retrieval.loops.shared import Words as Shared
from retrieval.question import read_question
from retrieval.walk.words import SharedWords, frequency
from tests.doubles.loops import called
from tests.doubles.names import named

shared_words, most_worded = called(loops.shared_words), called(candidates.most_worded)

NONE: Int32Array = np.zeros(0, dtype=np.int32)
ALL: Int32Array = np.arange(4, dtype=np.int32)
POSTINGS = {"river": [0, 1], "flows": [1], "the": [0, 1, 2, 3], "rhine": [2]}


def table() -> Words:
    keyed = sorted((key_of(word), rows) for word, rows in POSTINGS.items())
    return Words(
        key=np.array([key for key, _ in keyed], dtype=np.uint64),
        passages=Ragged.from_rows([rows for _, rows in keyed]),
        cased=np.ones(4, dtype=np.bool_),
    )


def words_of(question: str, gone: Int32Array = NONE) -> Shared:
    read = read_question(question, named("rhine"), cased=True)
    words = SharedWords(read, table(), 4 - len(gone), gone)
    return words.share, words.first, words.end, words.items


def shared(question: str, gone: Int32Array = NONE) -> Float32Array:
    """By view, the share of the question's words, by worth, that each of all passages has."""
    return shared_words(ALL, *words_of(question, gone))


def best(question: str, count: int, gone: Int32Array = NONE) -> list[int]:
    return [int(passage) for passage in most_worded(words_of(question, gone), gone, count)]


def test_a_word_is_worth_more_where_it_is_rare() -> None:
    found = shared("river flows")[0]
    assert found.tolist() == pytest.approx([log(2) / log(8), 1, 0, 0])


def test_a_word_of_every_passage_is_worth_nothing() -> None:
    assert shared("the river")[0].tolist() == pytest.approx([1, 1, 0, 0])


def test_a_word_of_no_passage_lowers_what_the_others_give() -> None:
    found = shared("river basin")[0]
    assert found.tolist() == pytest.approx([log(2) / log(8), log(2) / log(8), 0, 0])


def test_a_word_whose_normal_form_has_blanks_is_one_word() -> None:
    assert " " in normal_form("\ufdfa")
    assert shared("river \ufdfa")[0].tolist() == shared("river basin")[0].tolist()


def test_words_of_names_do_not_count() -> None:
    assert shared("river Rhine")[0].tolist() == pytest.approx([1, 1, 0, 0])


def test_a_clause_counts_its_own_words() -> None:
    whole, first, second = shared("the river there flows, which the river has")
    assert first[1] > whole[1]
    assert second.tolist()[2:] == [0, 0]


def test_a_question_without_words_shares_nothing() -> None:
    assert shared("?").tolist() == [[0, 0, 0, 0]]


def test_a_question_of_names_alone_shares_nothing_where_passages_are_gone() -> None:
    gone = np.array([0], dtype=np.int32)
    assert shared("Rhine", gone).tolist() == [[0, 0, 0, 0]]


def test_passages_that_are_gone_make_words_rarer() -> None:
    gone = np.array([0], dtype=np.int32)
    found = shared("river flows", gone)[0]
    assert found[1] == pytest.approx(1)
    assert shared("the river", gone)[0][2] == 0


def test_the_best_are_those_with_most_of_the_words() -> None:
    assert best("river flows", 1) == [1]
    assert best("river flows", 9) == [0, 1]
    assert best("unknown", 9) == []


def test_what_is_gone_is_none_of_the_best() -> None:
    assert best("river flows", 9, np.array([1, 3], dtype=np.int32)) == [0]


@pytest.mark.parametrize(("word", "gone", "passages"), [("river", [], 2), ("river", [0, 3], 1)])
def test_a_word_is_as_frequent_as_the_passages_that_are_left_with_it(
    word: str, gone: list[int], passages: int
) -> None:
    assert frequency(word, table(), np.array(gone, dtype=np.int32)) == passages


@pytest.mark.parametrize("word", ["basin", "zz", ""])
def test_an_unknown_word_is_in_no_passage(word: str) -> None:
    assert frequency(word, table(), NONE) == 0
    assert frequency(word, Words.none(), NONE) == 0
