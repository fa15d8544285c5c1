import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from inference.embedder import Vectors
from inference.sentence_transformers import SentenceTransformerEmbedder
from kg.errors import DependencyMissing
from tests.doubles.hash_embedder import HashEmbedder


def test_the_missing_extra_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(DependencyMissing, match=r"pip install -e '\.\[torch\]'"):
        SentenceTransformerEmbedder("all-MiniLM-L6-v2").embed(["a maze"], "passage")


def test_threads_that_come_first_together_load_the_model_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []

    class SentenceTransformer:
        max_seq_length = 128

        def __init__(self, name: str, device: str | None) -> None:
            time.sleep(0.05)
            loaded.append(name)

        def encode(self, texts: list[str], **_: object) -> Vectors:
            return HashEmbedder(8).embed(texts, "passage")

    library = SimpleNamespace(SentenceTransformer=SentenceTransformer)
    monkeypatch.setitem(sys.modules, "sentence_transformers", library)
    embedder = SentenceTransformerEmbedder("any")
    with ThreadPoolExecutor(4) as pool:
        names = set(pool.map(lambda _: embedder.model_id, range(4)))
        found = list(pool.map(lambda text: embedder.embed([text], "query")[0], ["maze", "rat"]))
    assert names == {"st:any:128"}
    assert loaded == ["any"]
    np.testing.assert_array_equal(found, HashEmbedder(8).embed(["maze", "rat"], "query"))
