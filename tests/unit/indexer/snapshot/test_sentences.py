"""Cutting passages into sentences."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.snapshot.sentences import sentence_spans


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Dr. Scoville operated on H.M. in 1953. It changed him.",
            ["Dr. Scoville operated on H.M. in 1953.", "It changed him."],
        ),
        ("A single line without a stop", ["A single line without a stop"]),
        (
            "Мама мыла раму давно. Папа читал газету вчера.",
            ["Мама мыла раму давно.", "Папа читал газету вчера."],
        ),
        (
            "ذهب الولد إلى المدرسة. ثم عاد إلى البيت؟ نعم عاد إليه.",
            ["ذهب الولد إلى المدرسة.", "ثم عاد إلى البيت؟", "نعم عاد إليه."],
        ),
        ("他生于北京。他死于上海！为什么？", ["他生于北京。", "他死于上海！", "为什么？"]),
        (
            "今日はとても良い天気です。明日も晴れるでしょう。",
            ["今日はとても良い天気です。", "明日も晴れるでしょう。"],
        ),
        ("राम घर गया था। सीता वन गई थी।", ["राम घर गया था।", "सीता वन गई थी।"]),
        (
            "😀 laughs at it all. 👩\u200d🔬 is a scientist.",
            ["😀 laughs at it all.", "👩\u200d🔬 is a scientist."],
        ),
    ],
)
def test_sentences_end_where_their_script_ends_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_lines_end_sentences() -> None:
    assert sentences("The first line\nthe second line\r\n\r\nthe third") == [
        "The first line",
        "the second line",
        "the third",
    ]


def test_a_sentence_shorter_than_the_least_joins_the_one_before() -> None:
    assert sentences("Yes. He was born in Paris. So it is. He died there too.") == [
        "Yes.",
        "He was born in Paris. So it is.",
        "He died there too.",
    ]


def test_a_short_line_is_no_part_of_the_line_before() -> None:
    assert sentences("Members of the laboratory:\nHebb\nMilner") == [
        "Members of the laboratory:",
        "Hebb",
        "Milner",
    ]


def test_chinese_sentences_may_be_short() -> None:
    assert sentences("他生于北京。为什么？好。") == ["他生于北京。", "为什么？好。"]


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_text_without_words_is_one_sentence(text: str) -> None:
    assert sentence_spans(text) == [(0, len(text))]


def test_a_language_counts_only_if_its_script_is_a_third_of_the_text() -> None:
    text = "The word москва is Russian. Mr. Luria lived there."
    assert sentences(text) == ["The word москва is Russian.", "Mr. Luria lived there."]


@settings(deadline=None)
@given(st.text(alphabet="ab .!?\n。北я😀\u0301", max_size=60))
def test_spans_are_ordered_apart_and_cover_all_but_white_space(text: str) -> None:
    spans = sentence_spans(text)
    assert spans
    end = 0
    for start, stop in spans:
        assert text[end:start].strip() == ""
        assert end <= start <= stop <= len(text)
        end = stop
    assert text[end:].strip() == ""
