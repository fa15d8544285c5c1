"""What a chat model or a reranker adds to a search, and what happens if they fail."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from inference.chat import Message, Reply
from inference.embedder import Kind, Progress, Vectors
from kg.errors import ModelUnavailable
from retrieval.aids import Aids, Bridges, Recognition, search
from retrieval.retriever import Retriever
from tests.doubles.corpus import note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.snapshots import APassage, Handmade

TEXTS = {
    "Ants": "Ants follow trails of scent.",
    "Bees": "Bees dance to tell where flowers are.",
    "Frisch": "Karl von Frisch taught Martin Lindauer.",
    "Lindauer": "Martin Lindauer saw scouts choose a nest.",
}


class Scripted:
    """A chat model that says what it is told to; keeps what it was asked."""

    model = "scripted"

    def __init__(self, said: object) -> None:
        self.said = said
        self.asked: list[Sequence[Message]] = []

    def complete(
        self,
        messages: Sequence[Message],
        *,
        json_schema: Mapping[str, Any] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        assert json_schema is not None
        self.asked.append(messages)
        if isinstance(self.said, Exception):
            raise self.said
        text = self.said if isinstance(self.said, str) else json.dumps(self.said)
        return Reply(text=text, model=self.model)


class Overlap:
    """A reranker: how many of a passage's words the question has, for each of its words."""

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        asked = _words(question)
        return np.array(
            [len(asked & _words(text)) / len(_words(text)) for text in texts], dtype=np.float32
        )


def _words(text: str) -> set[str]:
    return {word.strip(".,?").lower() for word in text.split()}


@pytest.fixture
def retriever() -> Retriever:
    embedder = HashEmbedder()
    vectors = embedder.embed(list(TEXTS.values()), "passage")
    snapshot = Handmade(
        embedder=embedder.model_id,
        dimension=embedder.dimension,
        passages=[
            APassage(title=title, text=text, vector=vector.tolist())
            for (title, text), vector in zip(TEXTS.items(), vectors, strict=True)
        ],
    ).snapshot()
    return Retriever(snapshot, embedder)


def titles(retriever: Retriever, question: str, aids: Aids, k: int = 4) -> list[str]:
    found = search(retriever, question, aids, mode="dense", k=k)
    assert [hit.rank for hit in found.hits] == list(range(1, len(found.hits) + 1))
    return [hit.title for hit in found.hits]


def test_without_aids_a_search_is_as_always(retriever: Retriever) -> None:
    found = search(retriever, "Who saw ants?", Aids(), mode="dense", k=2)
    assert found.hits == retriever.search("Who saw ants?", mode="dense", k=2).hits


def test_what_the_model_names_is_searched_for_too(retriever: Retriever) -> None:
    question = "What did the pupil of the discoverer of the bee dance see?"
    chat = Scripted({"sub_questions": [TEXTS["Lindauer"]], "bridges": ["Lindauer"]})
    assert titles(retriever, question, Aids())[0] != "Lindauer"
    assert titles(retriever, question, Aids(bridges=Bridges(chat)))[0] == "Lindauer"


def test_a_score_with_bridges_is_the_question_s_and_the_mean_of_its_steps(
    retriever: Retriever,
) -> None:
    steps = ["Who taught Lindauer?", "What do scouts choose?"]
    chat = Scripted({"sub_questions": steps})
    found = search(retriever, "Who?", Aids(bridges=Bridges(chat)), mode="dense", k=4)

    def scores(question: str) -> dict[str, float]:
        return {h.title: h.score for h in retriever.search(question, mode="dense", k=4).hits}

    own, first, second = scores("Who?"), scores(steps[0]), scores(steps[1])
    for hit in found.hits:
        wanted = own[hit.title] + (first[hit.title] + second[hit.title]) / 2
        assert hit.score == pytest.approx(wanted, abs=1e-6)


def test_the_notes_say_what_else_was_searched_for(retriever: Retriever) -> None:
    chat = Scripted({"sub_questions": ["Who taught Lindauer?"], "bridges": ["Frisch", "lindauer"]})
    found = search(retriever, "Who?", Aids(bridges=Bridges(chat)), mode="dense")
    assert found.explanation.notes[-1] == "Also searched for: Who taught Lindauer? · Frisch"


def test_the_model_sees_the_question_and_what_was_found_and_is_asked_once(
    retriever: Retriever,
) -> None:
    chat = Scripted({"sub_questions": ["Who taught Lindauer?"]})
    aids = Aids(bridges=Bridges(chat))
    for _ in range(3):
        search(retriever, "Who saw scouts?", aids, mode="dense")
    assert len(chat.asked) == 1
    prompt = chat.asked[0][-1].content
    assert "Who saw scouts?" in prompt
    assert TEXTS["Lindauer"] in prompt


def test_steps_that_say_nothing_new_are_not_searched_for(retriever: Retriever) -> None:
    chat = Scripted({"sub_questions": ["who?", "", "  ", "x" * 1000]})
    found = search(retriever, "Who?", Aids(bridges=Bridges(chat)), mode="dense")
    assert found.explanation.notes[-1] == "The chat model named no bridges."
    assert found.hits == retriever.search("Who?", mode="dense").hits


def test_what_is_no_valid_text_is_not_searched_for(retriever: Retriever) -> None:
    chat = Scripted(
        {"sub_questions": ["Who\ud800?", "Who taught Lindauer?"], "bridges": ["\udfff"]}
    )
    found = search(retriever, "Who?", Aids(bridges=Bridges(chat)), mode="dense")
    assert found.explanation.notes[-1] == "Also searched for: Who taught Lindauer?"


@pytest.mark.parametrize("said", ["\ud800", '["\\ud800"]'])
def test_a_note_about_an_unusable_answer_is_valid_text(retriever: Retriever, said: str) -> None:
    found = search(retriever, "Who?", Aids(bridges=Bridges(Scripted(said))), mode="dense")
    assert "\\ud800" in found.explanation.notes[-1].encode().decode()


class FailsForMore(HashEmbedder):
    """An embedder that fails where it is asked for more than one text."""

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        if len(texts) > 1:
            raise ModelUnavailable("overloaded")
        return super().embed(texts, kind, progress)


def test_an_embedder_that_fails_for_the_steps_leaves_the_plain_walk_and_a_note(
    retriever: Retriever,
) -> None:
    failing = Retriever(retriever.snapshot, FailsForMore())
    chat = Scripted({"sub_questions": ["Who taught Lindauer?", "What do scouts choose?"]})
    found = search(failing, "Who?", Aids(bridges=Bridges(chat)), mode="dense")
    assert found.hits == retriever.search("Who?", mode="dense").hits
    assert found.explanation.notes[-1] == (
        "Searching over the bridges failed, and the search continued without it: overloaded"
    )


def deep(count: int) -> Retriever:
    """Over so many notes on bees, and one on ants."""
    notes = [note(f"Bees dance {number}.", "Bees", "Bees") for number in range(count)]
    embedder = HashEmbedder()
    return Retriever(snapshot_of([*notes, note("Ants follow trails.", "Ants")], embedder), embedder)


@pytest.mark.parametrize("mode", ["dense", "ammon"])
def test_what_only_a_step_found_is_told_of_as_the_question_s(mode: str) -> None:
    asked, question = deep(80), "Which bees dance?"
    alone = asked.search(question, mode=mode, k=81, receipts=True).hits
    own = {hit.passage_id: hit for hit in alone}
    assert "Ants" not in [hit.title for hit in alone[:60]]
    chat = Scripted({"sub_questions": ["Ants follow trails."]})
    aids = Aids(bridges=Bridges(chat))
    found = search(asked, question, aids, mode=mode, k=60, receipts=True)
    assert "Ants" in [hit.title for hit in found.hits]
    for hit in found.hits:
        expected = own[hit.passage_id]
        assert (hit.similarity, hit.sentence) == (expected.similarity, expected.sentence)
        assert hit.receipt is not None
        assert expected.receipt is not None
        assert set(expected.receipt.direct) <= set(hit.receipt.direct)
        assert hit.receipt.bridges == expected.receipt.bridges


@pytest.mark.parametrize("mode", ["dense", "ammon"])
def test_with_bridges_the_parts_of_a_receipt_add_up_to_the_score(mode: str) -> None:
    chat = Scripted({"sub_questions": ["Ants follow trails.", "Bees dance 7."]})
    aids = Aids(bridges=Bridges(chat))
    found = search(deep(80), "Which bees dance?", aids, mode=mode, k=60, receipts=True)
    for hit in found.hits:
        assert hit.receipt is not None
        assert (hit.receipt.rank, hit.receipt.score) == (hit.rank, hit.score)
        parts = (*hit.receipt.direct, *hit.receipt.bridges)
        assert sum(part.amount for part in parts) == pytest.approx(hit.score, abs=1e-5)
        steps = [part for part in hit.receipt.direct if part.kind == "sub-question"]
        if hit.title == "Ants":
            assert steps[0].label == "Ants follow trails."
            assert steps[0].quote is not None
            assert steps[0].quote.text == "Ants follow trails."


@pytest.mark.parametrize("said", [ModelUnavailable("gone"), "no idea", {"else": 1}, "[1, 2]"])
def test_a_model_that_fails_leaves_the_plain_walk_and_a_note(
    retriever: Retriever, said: object
) -> None:
    aids = Aids(bridges=Bridges(Scripted(said)), recognition=Recognition(Scripted(said)))
    found = search(retriever, "Who saw ants?", aids, mode="dense", k=3)
    assert found.hits == retriever.search("Who saw ants?", mode="dense", k=3).hits
    notes = found.explanation.notes[-2:]
    assert notes[0].startswith("Naming the bridges failed, and the search continued without it")
    assert notes[1].startswith("Recognition failed")


def test_what_helps_comes_first_and_nothing_is_lost(retriever: Retriever) -> None:
    plain = titles(retriever, "Who saw ants?", Aids())
    chat = Scripted({"helpful": [3, 99]})
    ordered = titles(retriever, "Who saw ants?", Aids(recognition=Recognition(chat)))
    assert ordered == [plain[2], plain[0], plain[1], plain[3]]


def test_only_passages_that_the_model_was_shown_are_moved() -> None:
    asked, chat = deep(20), Scripted({"helpful": [15, 0, -3, 2]})
    plain = asked.search("Which bees dance?", mode="dense", k=20).hits
    aids = Aids(recognition=Recognition(chat))
    found = search(asked, "Which bees dance?", aids, mode="dense", k=20).hits
    assert "[15]" not in chat.asked[0][-1].content
    order = [1, 0, *range(2, 20)]
    assert [hit.passage_id for hit in found] == [plain[place].passage_id for place in order]


def test_a_reranker_counts_as_much_as_the_walk(retriever: Retriever) -> None:
    question = "martin lindauer saw scouts choose a nest"
    plain = titles(retriever, question, Aids())
    reranked = titles(retriever, question, Aids(reranker=Overlap()))
    assert plain[0] == reranked[0] == "Lindauer"
    backwards = Aids(reranker=Backwards())
    assert sorted(titles(retriever, question, backwards)) == sorted(plain)
    assert titles(retriever, question, backwards)[0] == plain[0], "a tie goes to the walk"


class Backwards:
    """Says the opposite of the order that it is given."""

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.arange(len(texts), dtype=np.float32)
