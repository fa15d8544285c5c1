import builtins
from typing import Any

import pytest

from kg.errors import DependencyMissing
from kg.vectors import faiss_module


def test_a_missing_faiss_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_faiss(name: str, *rest: Any) -> Any:
        if name == "faiss":
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_faiss)
    with pytest.raises(DependencyMissing, match=r"pip install -e '\.\[cpu\]'"):
        faiss_module()
