"""Mode `bm25` and its words."""

from math import log

import numpy as np
import pytest

from retrieval.lexical import NO_KNOWN_WORD, Lexical, words
from retrieval.mode import Ranking
from tests.doubles.snapshots import APassage, Handmade

NOTHING = np.zeros((0, 2), dtype=np.float32)


def search(question: str, *passages: APassage, k: int = 10) -> Ranking:
    return Lexical(Handmade(passages=passages).snapshot()).rank(question, NOTHING, k)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Tower, in 1889!", ["the", "tower", "in", "1889"]),
        ("Straße CAFÉ", ["strasse", "café"]),
        ("Ｆｕｌｌ ｗｉｄｔｈ", ["full", "width"]),
        ("an of\u00adfi\u00adcer", ["an", "officer"]),
        ("Чехов и Гоголь", ["чехов", "и", "гоголь"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("北京大", ["北", "京", "大", "北京", "京大"]),
        ("東京2020年", ["東", "京", "東京", "2020", "年"]),
        ("서울", ["서", "울", "서울"]),
        (" ?! ", []),
    ],
)
def test_words_of_every_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_score_is_lucenes() -> None:
    found = search(
        "heron", APassage(text="heron heron lake"), APassage(text="lake"), APassage(text="a b")
    )
    idf = log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 2 / (2 + 1.2 * (1 - 0.75 + 0.75 * 3 / 2))
    assert found.passages.tolist() == [0, 1, 2]
    assert found.scores.tolist() == pytest.approx([expected, 0.0, 0.0], rel=1e-5)


def test_title_and_heading_count() -> None:
    passages = (APassage(text="x"), APassage(title="Heron", text="x"), APassage(heading="heron"))
    assert set(search("heron", *passages).passages.tolist()[:2]) == {1, 2}


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    passages = [APassage(text=text) for text in ("the lake", "the bird", "the sea", "a heron")]
    assert search("the heron", *passages).passages[0] == 3


def test_chinese_is_found_without_spaces() -> None:
    passages = (APassage(text="他住在上海。"), APassage(text="北京大学在北京。"))
    assert search("北京大学在哪里?", *passages).passages.tolist() == [1, 0]


def test_a_question_without_known_words_gives_passages_in_their_order_and_says_so() -> None:
    found = search("zebra", APassage(text="heron"), APassage(text="lake"))
    assert found.passages.tolist() == [0, 1]
    assert found.scores.tolist() == [0.0, 0.0]
    assert found.explanation.notes == (NO_KNOWN_WORD,)


def test_passages_without_words_are_no_obstacle() -> None:
    assert search("heron", APassage(text="…"), APassage(text="")).passages.tolist() == [0, 1]


def test_nothing_is_embedded() -> None:
    assert Lexical(Handmade(passages=[APassage(text="x")]).snapshot()).texts("x") == []
