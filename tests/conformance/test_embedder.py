"""Every embedder, held to the port's suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.cache import CachedEmbedder
from inference.embedder import Embedder
from inference.folding import FoldingEmbedder
from inference.onnx import OnnxEmbedder
from inference.openai_compatible import Endpoint, OpenAIEmbedder
from tests.conformance.embedder import EmbedderConformance
from tests.doubles.chat_server import ChatServer
from tests.doubles.hash_embedder import HashEmbedder


@pytest.fixture(scope="module")
def minilm() -> OnnxEmbedder:
    return OnnxEmbedder(threads=2)


class TestHashEmbedder(EmbedderConformance):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return HashEmbedder()


class TestOnnxEmbedder(EmbedderConformance):
    @pytest.fixture
    def embedder(self, minilm: OnnxEmbedder) -> Embedder:
        return minilm


class TestCachedEmbedder(EmbedderConformance):
    @pytest.fixture
    def embedder(self, minilm: OnnxEmbedder, tmp_path: Path) -> Iterator[Embedder]:
        cached = CachedEmbedder(minilm, tmp_path / "cache" / "vectors.sqlite")
        yield cached
        cached.close()


class TestFoldingEmbedder(EmbedderConformance):
    @pytest.fixture
    def embedder(self, minilm: OnnxEmbedder) -> Embedder:
        return FoldingEmbedder(minilm)


class TestOpenAIEmbedder(EmbedderConformance):
    @pytest.fixture
    def embedder(self) -> Iterator[Embedder]:
        with ChatServer() as server:
            embedder = OpenAIEmbedder(Endpoint(base_url=server.url, model="hash"), batch_texts=8)
            yield embedder
            embedder.close()
