"""What the embedder is asked for, for one question and for many."""

from collections.abc import Mapping, Sequence

import numpy as np

from inference.embedder import Kind, Part, Vectors
from kg.snapshot.tables import Floats
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

    def rank(self, question: str, vectors: Floats, k: int) -> Ranking:
        raise NotImplementedError


class Parting(HashEmbedder):
    """Embeds parts as if they stood alone; keeps what it was asked."""

    embeds_parts = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[list[str], Kind]] = []

    def embed(self, texts: Sequence[str], kind: Kind, progress: object = None) -> Vectors:
        self.asked.append((list(texts), kind))
        return super().embed(texts, kind)

    def embed_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[Part]], kind: Kind
    ) -> list[Vectors]:
        self.asked.append((list(texts), kind))
        pieces = [
            [text, *("".join(text[a:b] for a, b in part) for part in ones)]
            for text, ones in zip(texts, parts, strict=True)
        ]
        return [HashEmbedder.embed(self, one, kind) for one in pieces]


QUESTIONS = ["Who taught whom?", "Where was the maze built?"]


def test_all_texts_of_a_kind_go_together_and_come_back_in_their_places() -> None:
    plain = HashEmbedder()
    found = embed_questions(plain, Halves(), QUESTIONS)
    for question, vectors in zip(QUESTIONS, found, strict=True):
        texts = [text for text, _ in Halves().texts(question)]
        np.testing.assert_array_equal(vectors, plain.embed(texts, "query"))


def test_parts_are_taken_from_the_question_s_own_pass() -> None:
    embedder = Parting()
    embed_questions(embedder, Halves(), QUESTIONS)
    assert embedder.asked == [(QUESTIONS, "query"), (["Who", "Whe"], "query_to_fact")]


def test_of_a_part_s_vector_some_of_the_question_s_is_taken_off() -> None:
    (vectors,) = embed_questions(Parting(), Halves(), QUESTIONS[:1])
    whole, part = HashEmbedder().embed([QUESTIONS[0], QUESTIONS[0][8:]], "query")
    wanted = part - CONTRAST * whole
    np.testing.assert_allclose(vectors[1], wanted / np.linalg.norm(wanted), atol=1e-6)
    np.testing.assert_array_equal(vectors[0], whole)


def test_a_part_that_is_the_whole_stays_as_it_is() -> None:
    class Whole(Halves):
        def parts(self, question: str) -> Mapping[int, Part]:
            return {1: ((0, len(question)),)}

    (vectors,) = embed_questions(Parting(), Whole(), QUESTIONS[:1])
    np.testing.assert_allclose(vectors[1], vectors[0], atol=1e-6)


def test_no_questions_need_no_model() -> None:
    embedder = Parting()
    assert embed_questions(embedder, Halves(), []) == []
    assert embedder.asked == []
