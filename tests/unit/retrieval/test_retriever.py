"""Asking a snapshot: what comes back, and what is refused."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import numpy as np
import pytest

from inference.embedder import Kind, Progress, Vectors
from kg.errors import DocumentNotFound, InputError, ModelUnavailable, SnapshotError
from kg.snapshot import Snapshot
from retrieval.aids import Aids, search
from retrieval.modes import MODES
from retrieval.results import Citation
from retrieval.retriever import NO_PASSAGES, Retriever
from tests.doubles.snapshots import ADocument, AFact, AnEntity, APassage, Handmade

EAST, NORTH = (1.0, 0.0), (0.0, 1.0)


class Eastward:
    """An embedder for which everything lies in the east; remembers what it was asked."""

    model_id = "handmade"
    max_tokens = 8

    @property
    def dimension(self) -> int:
        return 2

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], Kind]] = []

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        self.asked.append((tuple(texts), kind))
        return np.array([EAST] * len(texts), dtype=np.float32).reshape(len(texts), 2)


SNAPSHOT = Handmade(
    collection="birds",
    revision=7,
    passages=[
        APassage(title="Lake", heading="North", text="A heron.", vector=NORTH),
        APassage(title="Sea", text="A gull.", vector=EAST),
    ],
    entities=[AnEntity(name="heron"), AnEntity(name="gull")],
    facts=[AFact(subject=0, object=1)],
    documents=[
        ADocument(source="lake.txt", title="Lake", passages=[(0, 0, 8, 0)]),
        ADocument(
            source="sea.pdf",
            title="Sea",
            passages=[(1, 0, 7, 1), (0, 8, 16, 2), (1, 17, 24, 2)],
            metadata='{"shelf": 3}',
            observed_at="2020-05-01T00:00:00+00:00",
        ),
    ],
).snapshot()


def retriever(snapshot: Snapshot = SNAPSHOT) -> Retriever:
    return Retriever(snapshot, Eastward())


@pytest.mark.parametrize("mode", ["ammon", "dense", "bm25"])
def test_passages_are_told_of_as_a_search_tells_of_them(mode: str) -> None:
    found = retriever().search("Where is a gull?", mode=mode, receipts=True).hits
    assert len(found) == 2
    ids = [hit.passage_id for hit in reversed(found)]
    assert retriever().told("Where is a gull?", ids, mode=mode, receipts=True) == found[::-1]
    with pytest.raises(DocumentNotFound, match="psg-9"):
        retriever().told("Where is a gull?", ["psg-9"], mode=mode)


def test_hits_are_ranked_passages() -> None:
    found = retriever().search("Where?", mode="dense")
    assert [(hit.rank, hit.passage_id, hit.score) for hit in found.hits] == [
        (1, "psg-1", 1.0),
        (2, "psg-0", 0.0),
    ]
    assert (found.hits[1].title, found.hits[1].heading, found.hits[1].text) == (
        "Lake",
        "North",
        "A heron.",
    )


def test_a_result_says_what_was_asked_of_what() -> None:
    found = retriever().search("Where?", mode="dense")
    assert (found.question, found.collection, found.revision, found.mode) == (
        "Where?",
        "birds",
        7,
        "dense",
    )


def test_a_passage_is_cited_from_every_place_in_every_document() -> None:
    hit = retriever().search("Where?", mode="dense").hits[1]
    assert [(place.source, place.start, place.end, place.page) for place in hit.citations] == [
        ("lake.txt", 0, 8, None),
        ("sea.pdf", 8, 16, 2),
    ]


def test_a_citation_carries_what_is_known_of_the_document() -> None:
    places = retriever().search("Where?", mode="dense").hits[0].citations
    assert [place.start for place in places] == [0, 17]
    assert places[0] == Citation(
        document_id="doc-1",
        source="sea.pdf",
        title="Sea",
        start=0,
        end=7,
        page=1,
        metadata={"shelf": 3},
        observed_at="2020-05-01T00:00:00+00:00",
    )


@pytest.mark.parametrize(("k", "hits"), [(1, 1), (2, 2), (1000, 2)])
def test_k_passages_come_back_or_all_there_are(k: int, hits: int) -> None:
    assert len(retriever().search("Where?", mode="dense", k=k).hits) == hits


@pytest.mark.parametrize("question", ["", " \n\t"])
def test_a_blank_question_is_refused(question: str) -> None:
    with pytest.raises(InputError, match="empty"):
        retriever().search(question, mode="dense")


def test_a_question_of_more_than_ten_thousand_characters_is_refused() -> None:
    assert retriever().search("a" * 10_000, mode="dense").hits
    with pytest.raises(InputError, match=r"10,001 characters; at most 10,000"):
        retriever().search("a" * 10_001, mode="dense")


@pytest.mark.parametrize(("question", "k"), [(5, 1), (b"Where?", 1), ("Where?", 2.5)])
def test_what_is_no_text_and_no_number_is_refused(question: Any, k: Any) -> None:
    with pytest.raises(InputError, match=r"must be a string|must be a whole number"):
        retriever().search(question, mode="dense", k=k)


def test_half_a_surrogate_pair_in_a_question_is_refused() -> None:
    with pytest.raises(InputError, match="half of a surrogate pair, which is not valid Unicode"):
        retriever().search("Where is the Heron\ud800?", mode="dense")


def test_an_unknown_mode_is_refused_with_the_modes_there_are() -> None:
    with pytest.raises(InputError, match=r"'magic'.*hipporag2.*dense.*bm25"):
        retriever().search("Where?", mode="magic")
    with pytest.raises(InputError, match=r"\['dense'\].*hipporag2"):
        retriever().search("Where?", mode=cast(str, ["dense"]))


def test_a_collection_without_passages_has_no_hits_and_says_why() -> None:
    found = retriever(Handmade().snapshot()).search("Where?", mode="hipporag2")
    assert found.hits == ()
    assert found.explanation.notes == (NO_PASSAGES,)


def test_a_snapshot_made_with_another_embedder_is_refused() -> None:
    with pytest.raises(SnapshotError, match=r"'other'.*'handmade'.*ammon rebuild"):
        retriever(Handmade(embedder="other").snapshot())


def test_texts_are_embedded_in_one_batch_for_each_kind() -> None:
    embedder = Eastward()
    Retriever(SNAPSHOT, embedder).search("Where?", mode="hipporag2")
    assert embedder.asked == [(("Where?",), "query"), (("Where?",), "query_to_fact")]


def test_a_mode_without_embeddings_embeds_nothing() -> None:
    embedder = Eastward()
    found = Retriever(SNAPSHOT, embedder).search("heron", mode="bm25", k=1)
    assert (embedder.asked, found.hits[0].passage_id) == ([], "psg-0")


@pytest.mark.parametrize("mode", sorted(MODES))
def test_every_mode_answers(mode: str) -> None:
    assert len(retriever().search("Where is the Heron?", mode=mode).hits) == 2


def test_both_parts_are_timed() -> None:
    timings = retriever().search("Where?", mode="dense").timings
    assert set(timings) == {"embedding", "retrieval"}
    assert min(timings.values()) > 0


def test_threads_share_one_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = MODES["dense"]

    def counting(snapshot: Snapshot) -> object:
        made.append("dense")
        return real(snapshot)

    monkeypatch.setitem(MODES, "dense", counting)
    asked = retriever()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: asked.search("Where?", mode="dense").hits, range(32)))
    assert len(made) == 1
    assert all(hits == found[0] for hits in found)


def test_many_questions_are_answered_as_each_alone_and_embedded_at_once() -> None:
    embedder = Eastward()
    asking = Retriever(SNAPSHOT, embedder)
    questions = ["Where?", "Who?", "Where?"]
    found = asking.search_many(questions, mode="dense", k=1)
    assert len(embedder.asked) == 1
    assert [one.question for one in found] == questions
    for question, one in zip(questions, found, strict=True):
        assert one.hits == asking.search(question, mode="dense", k=1).hits


def test_one_empty_question_among_many_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        retriever().search_many(["Where?", " "])


def test_no_questions_have_no_answers() -> None:
    assert retriever().search_many([]) == ()


class Away(Eastward):
    """An embedder whose endpoint is away."""

    @property
    def dimension(self) -> int:
        raise ModelUnavailable("away")

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        raise ModelUnavailable("away")


def test_words_alone_are_found_while_the_embedder_is_away() -> None:
    asked = Retriever(SNAPSHOT, Away())
    assert [hit.title for hit in asked.search("heron", mode="bm25", k=1).hits] == ["Lake"]
    assert asked.receipts("heron", mode="bm25")[0].passage_id == SNAPSHOT.passages.id[0]
    with pytest.raises(ModelUnavailable):
        asked.search("heron", mode="dense")


@pytest.mark.parametrize("k", [0, -1, "3", None, 2.5, True])
def test_k_is_a_whole_number_from_one_and_the_error_quotes_it(k: Any) -> None:
    with pytest.raises(InputError, match=f"not '?{k}'?\\."):
        retriever().search("Where?", mode="dense", k=k)


@pytest.mark.parametrize("k", [0, -1, "3", None])
def test_an_aid_that_looks_deeper_does_not_hide_a_wrong_k(k: Any) -> None:
    class Blind:
        def score(self, question: str, texts: Sequence[str]) -> Vectors:
            return np.zeros(len(texts), dtype=np.float32)

    with pytest.raises(InputError, match="k must be"):
        search(retriever(), "Where?", Aids(reranker=Blind()), mode="dense", k=k)


@pytest.mark.parametrize("questions", ["abc", b"abc", 5, None])
def test_many_questions_are_a_list(questions: Any) -> None:
    with pytest.raises(InputError, match="list of strings"):
        retriever().search_many(questions, mode="dense")


def test_many_questions_may_come_from_a_generator() -> None:
    found = retriever().search_many((name for name in ("Where?", "Who?")), mode="dense")
    assert [one.question for one in found] == ["Where?", "Who?"]


@pytest.mark.parametrize(
    ("passages", "told"),
    [
        ("sea.pdf", "list of ids or sources, not 'sea.pdf'"),
        ([], "passages is empty"),
        ([None], "string, not None"),
        ([1], "string, not 1"),
        (5, "list of ids or sources, not 5"),
    ],
)
def test_passages_to_explain_are_a_list_of_names(passages: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        retriever().receipts("Where?", mode="dense", passages=passages)


def test_without_a_list_the_best_passages_are_explained() -> None:
    assert [one.rank for one in retriever().receipts("Where?", mode="dense", k=2)] == [1, 2]


@pytest.mark.parametrize("option", ["without_entity", "without_passage", "without_fact"])
def test_what_is_left_out_is_named_by_a_string(option: str) -> None:
    left_out: dict[str, Any] = {option: 5}
    with pytest.raises(InputError, match="string, not 5"):
        retriever().counterfactual("Where?", "sea.pdf", **left_out)
