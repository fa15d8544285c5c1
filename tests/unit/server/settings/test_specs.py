"""Names of extractors and embedders."""

from pathlib import Path

import pytest

from kg.errors import SettingsInvalid
from server.settings.specs import resolve_embedder, resolve_extractor


def test_a_chat_model_is_named_in_full() -> None:
    assert resolve_extractor("llm", "small-model") == "llm:small-model"
    assert resolve_extractor("llm:big:latest", "small-model") == "llm:big:latest"


def test_a_file_is_named_absolutely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "openie.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    assert resolve_extractor("precomputed:openie.jsonl", "") == (
        f"precomputed:{tmp_path / 'openie.jsonl'}"
    )


def test_a_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="does not exist"):
        resolve_extractor(f"precomputed:{tmp_path / 'openie.jsonl'}", "")


@pytest.mark.parametrize("spec", ["", "spaci", "precomputed", "minilm"])
def test_an_unknown_extractor_is_refused_with_those_there_are(spec: str) -> None:
    with pytest.raises(SettingsInvalid, match="choose spacy"):
        resolve_extractor(spec, "small-model")


def test_embedders() -> None:
    assert resolve_embedder("minilm", "embed-3") == "minilm"
    assert resolve_embedder("openai", "embed-3") == "openai:embed-3"
    assert resolve_embedder("openai:e5", "embed-3") == "openai:e5"
    assert resolve_embedder("sentence-transformers:a/b", "") == "sentence-transformers:a/b"


@pytest.mark.parametrize("spec", ["", "onnx", "sentence-transformers", "minilm:x"])
def test_an_unknown_embedder_is_refused_with_those_there_are(spec: str) -> None:
    with pytest.raises(SettingsInvalid, match="choose minilm"):
        resolve_embedder(spec, "embed-3")
