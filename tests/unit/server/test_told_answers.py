"""What is shown of a passage below its title."""

from server.cli.answer import snippet

FILLING = "Of this nobody knows anything at all. " * 8


def test_a_short_passage_is_shown_whole_and_its_headings_are_told_from_its_sentences() -> None:
    text = "He was born in Stettin.\n\nThe station\n\nHe built it\nin Naples."
    assert snippet(text, "Who?") == "He was born in Stettin. The station: He built it in Naples."


def test_of_a_long_passage_the_part_that_speaks_of_the_question_is_shown() -> None:
    text = f"{FILLING}\n\nDohrn built a station.\n\nLater life\n\nHe was ill."
    shown = snippet(text, "What sort of station was built by Dohrn?")
    assert shown == "… Dohrn built a station. Later life: He was ill."


def test_a_passage_without_any_word_of_the_question_is_shown_from_its_beginning() -> None:
    shown = snippet(FILLING, "Why?")
    assert shown.startswith("Of this nobody")
    assert shown.endswith(" …")
    assert len(shown) <= 302
