"""How well passages fit a question by themselves."""

import numpy as np
import pytest

from kg.snapshot.tables import Float32Array
from retrieval.fitting import fits
from retrieval.modes import MODES
from retrieval.results import Span
from retrieval.retriever import Retriever
from tests.doubles.corpus import note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder

EMBEDDER = HashEmbedder(48)
NOTES = [
    note("It was long ago. Hebb was born in Chester.\n\nHis pupils\n\nMilner was one.", "Hebb"),
    note("Nothing of it all is said in this note.", "Others"),
]
SNAPSHOT = snapshot_of(NOTES, EMBEDDER)
QUESTION = "Where was Hebb born?"


def test_similarity_is_half_the_passages_cosine_and_half_its_best_sentences() -> None:
    question = EMBEDDER.embed([QUESTION], "query")[0]
    numbers = np.array([1, 0], dtype=np.int32)
    texts = [SNAPSHOT.passages.text[number] for number in numbers.tolist()]
    similarities, _ = fits(SNAPSHOT, numbers, question, ["Others", "Hebb"], texts)
    for number, similarity in zip(numbers.tolist(), similarities, strict=True):
        first, end = SNAPSHOT.sentences.indptr[number : number + 2]
        best = (SNAPSHOT.sentences.vectors.rows(np.arange(first, end)) @ question).max()
        own = SNAPSHOT.passages.vectors[number] @ question
        assert similarity == pytest.approx(0.5 * float(own + best), abs=1e-3)


def test_how_many_passages_are_asked_for_changes_nothing() -> None:
    asked = Retriever(SNAPSHOT, EMBEDDER)
    (alone,) = asked.search(QUESTION, k=1).hits
    assert asked.search(QUESTION, k=2).hits[0] == alone


def test_of_no_passages_there_is_nothing() -> None:
    none, question = np.zeros(0, dtype=np.int32), np.zeros(48, dtype=np.float32)
    assert fits(SNAPSHOT, none, question, [], []) == ([], [])


def asked(question: Float32Array) -> tuple[list[float], list[Span]]:
    """How all passages fit an embedding, in their order."""
    numbers = np.arange(len(NOTES), dtype=np.int32)
    return fits(SNAPSHOT, numbers, question, ["Hebb", "Others"], list(SNAPSHOT.passages.text))


def test_vectors_that_are_longer_than_1_are_no_more_similar_than_that() -> None:
    question = EMBEDDER.embed([QUESTION], "query")[0]
    assert asked(question)[0][0] > 0
    assert asked(question * 99)[0][0] == 1
    assert asked(question * -9999)[0][0] == -1


def test_a_similarity_is_told_to_six_decimals() -> None:
    question = EMBEDDER.embed([QUESTION], "query")[0]
    for similarity in asked(question)[0]:
        assert similarity == round(similarity, 6)


def test_of_an_embedding_that_is_no_number_the_first_sentence_is_the_nearest() -> None:
    _, sentences = asked(np.full(48, np.nan, dtype=np.float32))
    assert sentences == [Span(start=0, end=16), Span(start=0, end=39)]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "bm25"])
def test_every_mode_with_embeddings_tells_similarity_and_nearest_sentence(mode: str) -> None:
    hits = Retriever(SNAPSHOT, EMBEDDER).search(QUESTION, mode=mode).hits
    (hebb,) = [hit for hit in hits if hit.title == "Hebb"]
    (other,) = [hit for hit in hits if hit.title == "Others"]
    assert hebb.similarity is not None
    assert other.similarity is not None
    assert hebb.similarity > other.similarity
    assert hebb.sentence is not None
    assert hebb.text[hebb.sentence.start : hebb.sentence.end] == "Hebb was born in Chester."


def test_a_heading_is_not_the_nearest_sentence() -> None:
    hits = Retriever(SNAPSHOT, EMBEDDER).search("His pupils", mode="dense").hits
    (hebb,) = [hit for hit in hits if hit.title == "Hebb"]
    assert hebb.sentence is not None
    assert hebb.text[hebb.sentence.start : hebb.sentence.end] != "His pupils"


def test_bm25_embeds_nothing_and_tells_none() -> None:
    hits = Retriever(SNAPSHOT, EMBEDDER).search(QUESTION, mode="bm25").hits
    assert [(hit.similarity, hit.sentence) for hit in hits] == [(None, None)] * 2
