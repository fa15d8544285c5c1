"""A chat model over real HTTP, and extractors that ask it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from indexer.extraction.llm import LLMExtractor
from inference.openai_compatible import Endpoint, OpenAIChatModel
from tests.doubles.chat_server import ChatServer


@pytest.fixture
def opened(server: ChatServer) -> Iterator[Callable[..., LLMExtractor]]:
    models: list[OpenAIChatModel] = []

    def make(**options: Any) -> LLMExtractor:
        endpoint = Endpoint(
            base_url=server.url, model="scripted", attempts=2, wait_initial=0.001, timeout=120.0
        )
        models.append(OpenAIChatModel(endpoint))
        return LLMExtractor(models[-1], **options)

    yield make
    for model in models:
        model.close()


@pytest.fixture
def extractor(opened: Callable[..., LLMExtractor]) -> LLMExtractor:
    return opened()
