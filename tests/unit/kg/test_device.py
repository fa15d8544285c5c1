"""Whether vectors are searched on a GPU."""

import builtins
import subprocess
import sys
from typing import Any

import pytest

from kg import device
from kg.device import choose, gpu_module, trouble, wants_gpu
from kg.errors import DeviceFailed, SettingsInvalid
from tests.doubles.choices import searched_on

GPU = not trouble()
without_gpu = pytest.mark.skipif(GPU, reason="there is a GPU")


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_choice", device._Choice())


@without_gpu
def test_a_gpu_that_is_not_there_cannot_be_forced() -> None:
    with pytest.raises(SettingsInvalid, match=r"AMMON_VECTOR_DEVICE.*auto or cpu.*On a GPU"):
        choose("cuda")
    assert not wants_gpu(10**15, 1)


@without_gpu
def test_without_a_gpu_the_cpu_is_chosen_whatever_the_work() -> None:
    assert not wants_gpu(10**15, 1)


def test_little_work_looks_for_no_gpu() -> None:
    assert not wants_gpu(99, 100)
    assert device._choice.trouble is None


def test_where_the_cpu_is_forced_no_gpu_is_looked_for() -> None:
    choose("cpu")
    assert not wants_gpu(10**15, 1)
    assert device._choice.trouble is None


def test_faiss_is_not_imported_before_it_is_known_whether_it_is_worth_it() -> None:
    code = (
        "import sys, kg.device, retrieval.dense, indexer.snapshot.synonyms;"
        "kg.device.choose('auto'); kg.device.wants_gpu(1, 2); print('faiss' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_without_faiss_the_trouble_names_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_faiss(name: str, *rest: Any) -> Any:
        if name == "faiss":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_faiss)
    assert "uv pip install" in trouble()


def test_a_trial_that_ends_its_process_leaves_this_one_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faiss = pytest.importorskip("faiss")
    monkeypatch.setattr(faiss, "GpuIndexFlatIP", object, raising=False)
    monkeypatch.setattr(device, "_PROBE", "import os; os.abort()")
    assert "exit status -6" in trouble()
    assert not wants_gpu(10**15, 1)


def test_a_trial_says_why_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    faiss = pytest.importorskip("faiss")
    monkeypatch.setattr(faiss, "GpuIndexFlatIP", object, raising=False)
    monkeypatch.setattr(device, "_PROBE", "raise SystemExit('no kernel image for this GPU')")
    assert trouble() == "a trial of the GPU failed: no kernel image for this GPU"


def test_what_was_forked_from_a_user_of_the_gpu_keeps_away_from_it() -> None:
    device._choice.user = 1
    device._choice.trouble = ""
    assert not wants_gpu(10**15, 1)
    with pytest.raises(DeviceFailed, match="forked"):
        gpu_module()


@pytest.mark.gpu
def test_a_gpu_that_is_there_is_chosen_for_much_work_or_when_forced() -> None:
    assert wants_gpu(10**15, 1)
    assert not wants_gpu(1, 2)
    with searched_on("cuda"):
        assert wants_gpu(1, 2)
