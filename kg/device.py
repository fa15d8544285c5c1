"""Where vectors are searched: on the CPU, or on a GPU if one is there and worth its while.

That a GPU works is found out in a process of its own: a driver that does not fit may end the
process that asks it, and one that has asked CUDA anything may not fork any more.
"""

import os
import subprocess
import sys
from threading import Lock
from typing import Any, Literal, TypeAlias

import structlog

from kg.errors import DependencyMissing, DeviceFailed, SettingsInvalid
from kg.vectors import faiss_module

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
"""auto: the GPU for what is worth it, if there is one that works. cuda: the GPU, or an error."""

_PATIENCE_SECONDS = 120.0
_NONE_THERE = "FAISS sees no GPU: there is none, or no driver of NVIDIA's"
_PROBE = f"""
import faiss, numpy
if faiss.get_num_gpus() < 1:
    raise SystemExit({_NONE_THERE!r})
resources = faiss.StandardGpuResources()
resources.setTempMemory(1 << 20)
index = faiss.GpuIndexFlatIP(resources, 8)
index.add(numpy.eye(8, dtype="float32"))
if index.search(numpy.eye(8, dtype="float32"), 1)[1].ravel().tolist() != list(range(8)):
    raise SystemExit("the GPU finds the wrong vectors")
"""

_log = structlog.get_logger(__name__)


class _Choice:
    """What holds for this process, and for those forked from it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.device: Device = "auto"
        self.trouble: str | None = None
        self.user = 0
        """The process that has used the GPU, whose children cannot."""


_choice = _Choice()


def choose(device: Device) -> None:
    """Say where vectors are searched from now on.

    Raises: SettingsInvalid for cuda, if no GPU works here.
    """
    if device == "cuda" and (reason := trouble()):
        raise SettingsInvalid(
            f"vector_device is cuda (environment: AMMON_VECTOR_DEVICE), but vectors cannot be "
            f"searched on a GPU here: {reason}. Set it to auto or cpu, or see docs/deployment.md, "
            "'On a GPU'."
        )
    _choice.device = device


def wants_gpu(products: int, worth: int) -> bool:
    """Whether to search on the GPU: if that is forced, or if one works and there are at least
    `worth` products of two vectors' numbers to compute. Starts no process for less."""
    if _choice.device == "cpu" or _choice.user not in (0, os.getpid()):
        return False
    return _choice.device == "cuda" or (products >= worth and not trouble())


def trouble() -> str:
    """Why no GPU searches vectors here; '' if one does. Found out once, in up to a few seconds."""
    with _choice.lock:
        if _choice.trouble is None:
            _choice.trouble = _found_out()
        return _choice.trouble


def gpu_module() -> Any:
    """The module `faiss`, for use of the GPU: from now on, what is forked cannot use it.

    Raises: DeviceFailed in a process that was forked from one that had used it.
    """
    with _choice.lock:
        if _choice.user not in (0, os.getpid()):
            raise DeviceFailed("This process was forked from one that had used the GPU already.")
        _choice.user = os.getpid()
    return faiss_module()


def _found_out() -> str:
    try:
        faiss = faiss_module()
    except DependencyMissing as error:
        return str(error).rstrip(".")
    if not hasattr(faiss, "GpuIndexFlatIP"):
        return "the FAISS that is installed is for CPUs alone (the extra gpu has another)"
    try:
        ended = subprocess.run(  # noqa: S603
            [sys.executable, "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = f"a trial of the GPU failed: {error}"
    else:
        if ended.returncode == 0:
            _log.info("vectors may be searched on the GPU")
            return ""
        last = ended.stderr.strip().splitlines()[-1:] or [f"exit status {ended.returncode}"]
        if last[0] == _NONE_THERE:
            return _NONE_THERE
        reason = f"a trial of the GPU failed: {last[0]}"
    _log.warning("vectors are searched on the CPU", reason=reason)
    return reason
