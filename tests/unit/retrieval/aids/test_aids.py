"""What a chat model or a reranker adds to a search, and what happens if they fail."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from inference.chat import Message, Reply
from kg.errors import ModelUnavailable
from retrieval.aids import Aids, Bridges, Recognition, search
from retrieval.retriever import Retriever
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
