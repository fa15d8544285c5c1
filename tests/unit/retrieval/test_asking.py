"""What the embedder is asked for, for one question and for many."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
import pytest

from inference.embedder import Bundle, Kind, Part, Progress, Vectors
from kg.errors import ModelOutputInvalid
from kg.snapshot.tables import Float32Array
from retrieval.asking import CONTRAST, embed_questions
from retrieval.mode import Ranking
from tests.doubles.hash_embedder import HashEmbedder


class Halves:
    """A mode that wants a question, its second half, and a word of it to compare with facts."""

    def texts(self, question: str) -> list[tuple[str, str]]:
        half = len(question) // 2
        return [(question, "query"), (question[half:], "query"), (question[:3], "query_to_fact")]

    def parts(self, question: str) -> Mapping[int, Part]:
        return {1: ((len(question) // 2, len(question)),)}

    def rank(self, question: str, vectors: Float32Array, k: int) -> Ranking:
        raise NotImplementedError


class Bundling(HashEmbedder):
    """Embeds parts as if they stood alone; keeps what it was asked."""

    embeds_bundles = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[list[Bundle], Kind]] = []

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        self.asked.append((list(bundles), kind))
        pieces = [
            ["".join(one.text[a:b] for a, b in part) for part in one.parts] for one in bundles
        ]
        return [
            self.embed([one.text, *parts, *one.beside], kind)
            for one, parts in zip(bundles, pieces, strict=True)
        ]


QUESTIONS = ["Who taught whom?", "Where was the maze built?"]


def test_all_texts_of_a_kind_go_together_and_come_back_in_their_places() -> None:
    plain = HashEmbedder()
    found = embed_questions(plain, Halves(), QUESTIONS)
    for question, vectors in zip(QUESTIONS, found, strict=True):
        texts = [text for text, _ in Halves().texts(question)]
        np.testing.assert_array_equal(vectors, plain.embed(texts, "query"))


def test_a_question_and_its_parts_are_one_bundle() -> None:
    embedder = Bundling()
    embed_questions(embedder, Halves(), QUESTIONS)
    questions = [Bundle(text=text, parts=(((len(text) // 2, len(text)),),)) for text in QUESTIONS]
    assert embedder.asked == [(questions, "query")], "texts of another kind are plain texts"


def test_what_is_no_part_goes_beside_and_comes_back_in_its_place() -> None:
    class Thirds(Halves):
        def texts(self, question: str) -> list[tuple[str, str]]:
            return [(question, "query"), (question[:4], "query"), (question[4:], "query")]

        def parts(self, question: str) -> Mapping[int, Part]:
            return {2: ((4, len(question)),)}

    embedder = Bundling()
    (vectors,) = embed_questions(embedder, Thirds(), QUESTIONS[:1])
    (bundle,) = embedder.asked[0][0]
    assert bundle == Bundle(text="Who taught whom?", parts=(((4, 16),),), beside=("Who ",))
    np.testing.assert_array_equal(
        vectors[:2], embedder.embed(["Who taught whom?", "Who "], "query")
    )
    part = embedder.embed(["taught whom?"], "query")[0] - CONTRAST * vectors[0]
    np.testing.assert_allclose(vectors[2], part / np.linalg.norm(part), atol=1e-6)


def test_of_a_part_s_vector_some_of_the_question_s_is_taken_off() -> None:
    (vectors,) = embed_questions(Bundling(), Halves(), QUESTIONS[:1])
    whole, part = HashEmbedder().embed([QUESTIONS[0], QUESTIONS[0][8:]], "query")
    wanted = part - CONTRAST * whole
    np.testing.assert_allclose(vectors[1], wanted / np.linalg.norm(wanted), atol=1e-6)
    np.testing.assert_array_equal(vectors[0], whole)


def test_a_part_that_is_the_whole_stays_as_it_is() -> None:
    class Whole(Halves):
        def parts(self, question: str) -> Mapping[int, Part]:
            return {1: ((0, len(question)),)}

    (vectors,) = embed_questions(Bundling(), Whole(), QUESTIONS[:1])
    np.testing.assert_allclose(vectors[1], vectors[0], atol=1e-6)


def test_a_mode_whose_texts_are_no_parts_asks_for_plain_texts() -> None:
    class Names:
        def texts(self, question: str) -> list[tuple[str, str]]:
            return [(question, "query"), (question[:3], "entity"), (question[3:], "entity")]

        rank = Halves.rank

    embedder = Bundling()
    found = embed_questions(embedder, Names(), QUESTIONS)
    assert embedder.asked == []
    for question, vectors in zip(QUESTIONS, found, strict=True):
        alone = embedder.embed([question, question[:3], question[3:]], "query")
        np.testing.assert_array_equal(vectors, alone)


def test_no_questions_need_no_model() -> None:
    embedder = Bundling()
    assert embed_questions(embedder, Halves(), []) == []
    assert embedder.asked == []


class Odd(HashEmbedder):
    """An embedder of somebody's own, which returns whatever it was made with."""

    def __init__(self, made: Callable[[Vectors], object]) -> None:
        super().__init__()
        self._made = made

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        return cast(Vectors, self._made(super().embed(texts, kind, progress)))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda vectors: vectors * np.float32(np.nan), "not finite"),
        (lambda vectors: vectors + np.float32(np.inf), "not finite"),
        (lambda vectors: vectors[:-1], "3 vectors for 4 texts"),
        (lambda vectors: vectors[0], "a row for each text"),
        (lambda vectors: vectors.tolist(), "a row for each text"),
        (lambda vectors: vectors.astype(str), "a row for each text"),
    ],
)
def test_what_an_embedder_returns_is_checked(made: Callable[[Vectors], object], said: str) -> None:
    with pytest.raises(ModelOutputInvalid, match=said):
        embed_questions(Odd(made), Halves(), QUESTIONS)


def test_vectors_of_another_precision_or_order_are_converted() -> None:
    doubles = Odd(lambda vectors: np.asfortranarray(vectors, dtype=np.float64))
    found = embed_questions(doubles, Halves(), QUESTIONS)
    for vectors, plain in zip(
        found, embed_questions(HashEmbedder(), Halves(), QUESTIONS), strict=True
    ):
        assert (vectors.dtype, vectors.flags.c_contiguous) == (np.dtype(np.float32), True)
        np.testing.assert_array_equal(vectors, plain)
