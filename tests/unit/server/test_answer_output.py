"""What is shown of a passage."""

from dataclasses import replace

from retrieval.results import Citation, Hit, Span
from server.cli.answer import doubt_of, heading, snippet

HIT = Hit(rank=1, score=1.0, passage_id="psg-1", title="", heading="", text="Hebb.", citations=())
FILLING = "Of this nobody knows anything at all. " * 8


def shown(text: str, sentence: str = "", question: str = "Who?") -> str:
    """Of a passage whose sentence nearest to the question is known, or ''."""
    start = text.index(sentence)
    near = Span(start=start, end=start + len(sentence)) if sentence else None
    return snippet(replace(HIT, text=text, sentence=near), question)


def doubt(*similarities: float | None, embedder: str = "minilm") -> str:
    return doubt_of([replace(HIT, similarity=one) for one in similarities], embedder)


def cited_in(*sources: str) -> Hit:
    """A passage of these documents."""
    citations = [
        Citation(
            document_id=f"doc-{source}",
            source=source,
            title="",
            start=0,
            end=5,
            page=None,
            metadata={},
            observed_at="",
        )
        for source in sources
    ]
    return replace(HIT, citations=tuple(citations))


def test_of_the_many_documents_of_a_passage_the_first_are_named() -> None:
    line = heading(cited_in(*(f"{number}.md" for number in range(1_203))), 3).plain
    assert "0.md; 1.md; 2.md; and 1,200 more  (" in line


def test_a_few_documents_and_all_that_are_asked_for_are_named() -> None:
    few = cited_in("a.md", "b.md", "c.md", "d.md", "d.md")
    assert "a.md; b.md; c.md; d.md  (" in heading(few, 3).plain
    assert "a.md; b.md; c.md; d.md  (" in heading(few).plain
    assert "and 2 more" in heading(few, 2).plain


def test_a_short_passage_is_shown_whole_and_its_headings_are_told_from_its_sentences() -> None:
    text = "He was born in Stettin.\n\nThe station\n\nHe built it\nin Naples."
    assert shown(text) == "He was born in Stettin. The station: He built it in Naples."


def test_of_a_long_passage_the_nearest_sentence_is_shown_with_what_follows_and_precedes() -> None:
    text = f"{FILLING}\n\nDohrn built a station.\n\nLater life\n\nHe was ill."
    told = shown(text, "Dohrn built a station.")
    assert told.startswith("… Of this nobody knows anything at all. Of this")
    assert told.endswith(" at all. Dohrn built a station. Later life: He was ill.")
    assert len(told) <= 302


def test_the_nearest_sentence_is_shown_without_any_word_of_the_question() -> None:
    text = f"{FILLING}In the end Ilario settled in Trieste. {FILLING}"
    told = shown(text, "In the end Ilario settled in Trieste.", "Where is his home now?")
    assert told.startswith("… In the end Ilario settled in Trieste. Of this")
    assert told.endswith(" …")


def test_chinese_sentences_are_told_apart() -> None:
    text = "春风茶馆在苏州平江路上。" * 40 + "店里的猫名叫乌龙。"
    told = shown(text, "店里的猫名叫乌龙。", "猫叫什么？")
    assert told.startswith("… 春风茶馆在苏州平江路上。春风")
    assert told.endswith("。店里的猫名叫乌龙。")


def test_without_vectors_the_sentence_with_most_words_of_the_question_is_shown() -> None:
    text = f"{FILLING}The cat is called Oolong. {FILLING}"
    assert shown(text, question="What is the cat called?").startswith("… The cat is called Oolong.")
    assert shown("店里的茶很好。" * 50 + "猫名叫乌龙。", question="猫叫什么？").endswith(
        "猫名叫乌龙。"
    )


def test_a_sentence_that_is_too_long_is_cut() -> None:
    text = "and so on " * 60
    told = shown(text, text.strip())
    assert told.startswith("and so on and")
    assert told.endswith(" …")
    assert len(told) <= 302


def test_where_even_the_nearest_is_far_that_is_said() -> None:
    said = doubt(0.12, 0.29, 0.05)
    assert said.startswith(
        "Perhaps none of these answers the question: the nearest has a similarity"
    )
    assert "0.29" in said


def test_one_near_passage_is_enough() -> None:
    assert doubt(0.12, 0.31) == ""


def test_nothing_is_said_of_other_embedders_and_of_modes_without_one() -> None:
    assert doubt(0.12, embedder="e5") == ""
    assert doubt(None, None) == ""
    assert doubt() == ""
