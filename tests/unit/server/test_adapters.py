"""What names and settings make."""

import pytest

from inference.instructions import instructions_of
from kg.errors import SettingsInvalid
from server.adapters import make_chat_model, make_embedder, make_extractor, make_reranker
from server.settings import OPENAI, Settings


def test_an_embedder_gets_the_instructions_that_its_family_wants() -> None:
    made = make_embedder("openai:intfloat/e5-small-v2", Settings())
    assert instructions_of(made)["passage"] == "passage: "


@pytest.mark.parametrize(
    "name", ["minilm", "openai:intfloat/e5-small-v2", "sentence-transformers:intfloat/e5-small-v2"]
)
def test_the_settings_instructions_come_before_those(name: str) -> None:
    made = make_embedder(name, Settings(embedding_instructions={"query": "ask: "}))
    assert instructions_of(made) == {"query": "ask: "}


def test_minilm_wants_none() -> None:
    made = make_embedder("minilm", Settings())
    assert instructions_of(made) == {}


def test_a_reranker_is_named_with_its_library() -> None:
    with pytest.raises(SettingsInvalid, match="Unknown reranker 'cohere': set AMMON_RERANKER"):
        make_reranker(Settings(reranker="cohere"))
    with pytest.raises(SettingsInvalid, match="No reranker is set: set AMMON_RERANKER"):
        make_reranker(Settings())
    make_reranker(Settings(reranker="sentence-transformers:any"))


def test_the_chat_model_that_helps_is_the_settings() -> None:
    settings = Settings(llm_model="local", llm_base_url="http://127.0.0.1:1/v1")
    assert make_chat_model(settings).model == "local", "a server of one's own needs no key"


@pytest.mark.parametrize("url", [OPENAI, f"{OPENAI}/"])
def test_openai_is_not_asked_without_a_key(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="No chat model is set"):
        make_chat_model(Settings(llm_base_url=url))
    with pytest.raises(SettingsInvalid, match="AMMON_LLM_API_KEY"):
        make_extractor("llm:gpt-4o-mini", Settings(llm_base_url=url))
    assert make_chat_model(Settings.model_validate({"llm_base_url": url, "llm_api_key": "any"}))
