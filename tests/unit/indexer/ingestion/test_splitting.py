"""Long texts are cut a window at a time, into the pieces of a text that is cut at once."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from semantic_text_splitter import TextSplitter

from indexer.ingestion.splitting import LONG, CalledOff, split

SENTENCES = (
    "Brenda Milner worked with Henry Molaison in Hartford. ",
    'What did "Dr. Scoville" see? It rained: 3.5 mm fell.\n',
    "Nobody can't know; e.g. Hebb didn't.\n\n",
    "🙂 Zoe\u0308 met Ünal. مرحبا يا صديقي. ",
)


def words(text: str) -> int:
    return len(text.split())


def characters(text: str) -> int:
    return len(text)


def prose(length: int) -> str:
    """Sentences and paragraphs, in an order that does not repeat soon."""
    number = length // 50
    return "".join(SENTENCES[(n * n + n // 7) % len(SENTENCES)] for n in range(number))[:length]


def cut(
    text: str, room: int, overlap: int = 0, count: Callable[[str], int] = words
) -> list[tuple[int, str]]:
    return list(split(text, count_tokens=count, room=room, overlap=overlap))


@pytest.mark.parametrize("overlap", [0, 10])
@pytest.mark.parametrize(
    ("text", "room", "count"),
    [
        pytest.param(prose(150_000), 60, words, id="prose"),
        pytest.param(prose(150_000), 3_000, words, id="long-pieces"),
        pytest.param("word " * 24_000, 250, words, id="no-sentence-ends"),
        pytest.param("巴甫洛夫出生于梁赞。他研究狗。" * 7_500, 400, characters, id="chinese"),
        pytest.param("大脑海马体" * 21_000, 900, characters, id="no-spaces"),
        pytest.param("a1B" * 35_000, 900, characters, id="one-word"),
    ],
)
def test_the_pieces_are_those_of_a_text_that_is_cut_at_once(
    text: str, room: int, count: Callable[[str], int], overlap: int
) -> None:
    assert len(text) > LONG
    found = cut(text, room, overlap, count)
    assert found == TextSplitter.from_callback(count, room, overlap).chunk_indices(text)
    assert all(text[start : start + len(piece)] == piece for start, piece in found)
    assert all(before[0] < after[0] for before, after in pairwise(found))


def test_twice_the_text_is_twice_the_work() -> None:
    counted: list[int] = []

    def count(text: str) -> int:
        counted.append(len(text))
        return words(text)

    work = []
    for length in (200_000, 400_000):
        counted.clear()
        cut("word " * (length // 5), 100, count=count)
        work.append((len(counted), sum(counted)))
        assert max(counted) <= 10_000
    assert work[1][0] < 2.1 * work[0][0]
    assert work[1][1] < 2.1 * work[0][1]


def test_what_counts_as_one_token_without_end_is_cut_all_the_same() -> None:
    text = "x" * 250_000
    found = cut(text, 100)
    assert "".join(piece for _, piece in found) == text
    assert max(len(piece) for _, piece in found) <= 10_000


def test_white_space_without_end_is_passed_over() -> None:
    found = cut("before" + " " * 150_000 + "after", 1)
    assert [piece for _, piece in found] == ["before", "after"]


def test_nobody_is_asked_about_a_text_that_is_not_long() -> None:
    def wanted() -> bool:
        raise AssertionError

    text = prose(LONG)
    assert list(split(text, count_tokens=words, room=60, overlap=0, wanted=wanted))


def test_a_long_text_that_nobody_wants_any_more_is_left() -> None:
    answers = iter([True, True, False])
    pieces = split(
        prose(200_000), count_tokens=words, room=60, overlap=0, wanted=lambda: next(answers)
    )
    found: list[tuple[int, str]] = []
    with pytest.raises(CalledOff):
        found.extend(pieces)
    assert next(answers, None) is None
