"""Which texts of a question need no pass of their own."""

from retrieval.question import read_question
from retrieval.walk.parts import parts_of
from tests.doubles.names import named

QUESTION = "In which year was the mayor of the town born, who drained the old marsh?"


def test_a_long_clause_and_the_mask_are_taken_from_the_question() -> None:
    question = "Who drained the marsh near Ulm, and when?"
    read = read_question(question, named("ulm"), cased=True)
    assert [read.mask, *(clause.text for clause in read.clauses)] == [
        "Who drained the marsh near , and when?",
        "Who drained the marsh near Ulm",
    ]
    assert parts_of(read) == {1: ((0, 27), (30, 41)), 2: ((0, 30),)}


def test_blanks_do_not_make_a_clause_longer() -> None:
    for blank in (" ", "  ", "\t\n "):
        read = read_question(QUESTION.replace(" of ", f"{blank}of{blank * 9}"), named(), cased=True)
        assert [clause.text[:3] for clause in read.clauses] == ["In ", "who"]
        assert list(parts_of(read)) == [1]
