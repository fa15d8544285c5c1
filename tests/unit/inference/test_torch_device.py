"""Where models of torch run."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import structlog

from inference.sentence_transformers import SentenceTransformerEmbedder
from inference.torch_device import fitting, is_cuda, placed
from kg.errors import DependencyMissing, ModelUnavailable, SettingsInvalid
from tests.doubles.tiny_model import WORDS, tiny_model

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None,
    reason="needs sentence-transformers: uv pip install -e '.[torch]'",
)
TEXTS = [" ".join(WORDS.split()[: 1 + number % 11]) for number in range(300)]


class OutOfMemoryError(RuntimeError):
    """As torch's own."""


def full(device: str | None) -> str:
    if device != "cpu":
        raise RuntimeError("CUDA error: out of memory")
    return "a model"


def test_cuda_without_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(DependencyMissing, match=r"pip install -e '\.\[torch\]'"):
        placed(full, "m", "cuda")


def test_cuda_without_a_gpu_names_the_setting_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: False))
    monkeypatch.setitem(sys.modules, "torch", library)
    with pytest.raises(SettingsInvalid, match=r"AMMON_VECTOR_DEVICE.*Set it to auto or cpu"):
        placed(full, "m", "cuda")


def test_the_library_chooses_unless_it_is_told() -> None:
    chosen: list[str | None] = []
    placed(chosen.append, "m", "auto")
    placed(chosen.append, "m", "cpu")
    assert chosen == [None, "cpu"]


def test_a_model_that_has_no_room_on_the_gpu_runs_on_the_cpu_and_that_is_told() -> None:
    with structlog.testing.capture_logs() as logs:
        assert placed(full, "m", "auto") == "a model"
    assert [(line["log_level"], line["reason"]) for line in logs] == [
        ("warning", "CUDA error: out of memory")
    ]


def test_a_model_that_has_no_room_where_the_gpu_is_forced_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: True))
    monkeypatch.setitem(sys.modules, "torch", library)
    with pytest.raises(ModelUnavailable, match=r"out of memory.*auto or cpu"):
        placed(full, "m", "cuda")


def test_batches_are_halved_until_they_fit() -> None:
    tried: list[int] = []

    def run(batch: int) -> int:
        tried.append(batch)
        if batch > 20:
            raise OutOfMemoryError
        return batch

    assert fitting(run, 128, "m") == 16
    assert tried == [128, 64, 32, 16]


def test_one_text_that_does_not_fit_is_an_error_and_other_errors_are_left_alone() -> None:
    def run(batch: int) -> int:
        raise OutOfMemoryError

    def broken(batch: int) -> int:
        raise RuntimeError("broken")

    with pytest.raises(ModelUnavailable, match="AMMON_VECTOR_DEVICE=cpu"):
        fitting(run, 4, "m")
    with pytest.raises(RuntimeError, match="broken"):
        fitting(broken, 4, "m")


@needs_torch
@pytest.mark.filterwarnings("default")
def test_a_model_of_the_real_library_embeds_on_the_cpu(tmp_path: Path) -> None:
    embedder = SentenceTransformerEmbedder(tiny_model(tmp_path / "m"), device="cpu")
    vectors = embedder.embed(TEXTS, "passage")
    assert vectors.shape == (300, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors[0], vectors[11], atol=1e-6)
    assert not is_cuda(embedder._loaded())


@needs_torch
@pytest.mark.gpu
@pytest.mark.filterwarnings("default")
def test_on_a_gpu_which_is_chosen_the_vectors_are_those_of_the_cpu(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "m")
    there = SentenceTransformerEmbedder(model)
    here = SentenceTransformerEmbedder(model, device="cpu")
    np.testing.assert_allclose(
        there.embed(TEXTS, "passage"), here.embed(TEXTS, "passage"), atol=1e-3
    )
    assert is_cuda(there._loaded())
    assert there.model_id == here.model_id
