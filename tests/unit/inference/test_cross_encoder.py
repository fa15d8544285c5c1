"""The reranker of a library that is not installed here."""

import importlib.util
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from inference.cross_encoder import CrossEncoderReranker
from kg.errors import DependencyMissing


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None,
    reason="sentence-transformers is installed",
)
def test_the_missing_library_is_named_with_its_extra() -> None:
    with pytest.raises(DependencyMissing, match=r"sentence-transformers.*torch"):
        CrossEncoderReranker("cross-encoder/any").score("Who?", ["Somebody."])


def test_no_texts_need_no_model() -> None:
    assert CrossEncoderReranker("cross-encoder/any").score("Who?", []).shape == (0,)


def test_threads_that_come_first_together_load_the_model_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []

    class CrossEncoder:
        def __init__(self, name: str, device: str | None) -> None:
            time.sleep(0.05)
            loaded.append(name)

        def predict(self, pairs: list[tuple[str, str]], **_: object) -> list[float]:
            return [float(len(text)) for _, text in pairs]

    library = SimpleNamespace(CrossEncoder=CrossEncoder)
    monkeypatch.setitem(sys.modules, "sentence_transformers", library)
    reranker = CrossEncoderReranker("cross-encoder/any")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: reranker.score("Who?", [text])[0], ["a", "bb", "ccc"]))
    assert found == [1.0, 2.0, 3.0]
    assert loaded == ["cross-encoder/any"]


def test_other_forms_of_letters_are_read_as_these(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, str]] = []

    class CrossEncoder:
        def __init__(self, name: str, device: str | None) -> None:
            pass

        def predict(self, pairs: list[tuple[str, str]], **_: object) -> list[float]:
            read.extend(pairs)
            return [0.0] * len(pairs)

    library = SimpleNamespace(CrossEncoder=CrossEncoder)
    monkeypatch.setitem(sys.modules, "sentence_transformers", library)
    CrossEncoderReranker("cross-encoder/any").score("Ｗｈｏ？", ["the ﬁrst", "they"])
    assert read == [("Who?", "the first"), ("Who?", "they")]
