"""The reranker of a library that is not installed here."""

import importlib.util

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
