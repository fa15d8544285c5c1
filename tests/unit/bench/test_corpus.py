"""Generated corpora are kept, and made anew for another version."""

import json
from pathlib import Path

import pytest

from bench.corpus import corpus_folder
from bench.generator import Shape, model_of, write_corpus
from kg.snapshot import SnapshotFolder

SHAPE = Shape(passages=60, seed=3)


def manifest(base: Path) -> Path:
    folder = corpus_folder(SHAPE, base)
    return folder.path / str(folder.current()) / "manifest.json"


def test_a_corpus_is_kept(tmp_path: Path) -> None:
    assert manifest(tmp_path).stat().st_mtime_ns == manifest(tmp_path).stat().st_mtime_ns


def test_a_corpus_of_another_embedder_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("bench.generator.tables.model_of", lambda _: "generated:earlier")
        write_corpus(SHAPE, SnapshotFolder(tmp_path / SHAPE.name))
    again = json.loads(manifest(tmp_path).read_text())
    assert again["models"]["embedder"] == model_of(SHAPE)
