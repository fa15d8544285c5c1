"""What names and settings make."""

import pytest

from inference.instructions import Instructed
from kg.errors import SettingsInvalid
from server.adapters import make_chat_model, make_embedder, make_reranker
from server.settings import Settings


def test_an_embedder_gets_the_instructions_that_its_family_wants() -> None:
    made = make_embedder("openai:intfloat/e5-small-v2", Settings())
    assert isinstance(made, Instructed)
    assert made.instructions["passage"] == "passage: "


@pytest.mark.parametrize(
    "name", ["minilm", "openai:intfloat/e5-small-v2", "sentence-transformers:intfloat/e5-small-v2"]
)
def test_the_settings_instructions_come_before_those(name: str) -> None:
    made = make_embedder(name, Settings(embedding_instructions={"query": "ask: "}))
    assert isinstance(made, Instructed)
    assert made.instructions == {"query": "ask: "}


def test_minilm_wants_none() -> None:
    made = make_embedder("minilm", Settings())
    assert isinstance(made, Instructed)
    assert made.instructions == {}


def test_a_reranker_is_named_with_its_library() -> None:
    with pytest.raises(SettingsInvalid, match="sentence-transformers:NAME"):
        make_reranker(Settings(reranker="cohere"))
    make_reranker(Settings(reranker="sentence-transformers:any"))


def test_the_chat_model_that_helps_is_the_settings() -> None:
    assert make_chat_model(Settings(llm_model="local")).model == "local"
