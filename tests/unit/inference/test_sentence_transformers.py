import sys

import pytest

from inference.sentence_transformers import SentenceTransformerEmbedder
from kg.errors import DependencyMissing


def test_the_missing_extra_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(DependencyMissing, match=r"pip install -e '\.\[torch\]'"):
        SentenceTransformerEmbedder("all-MiniLM-L6-v2").embed(["a maze"], "passage")
