"""Whether vectors are searched on the CPU or, if there is one and it is worth it, on a GPU.

GPUs are tested in a separate process: an incompatible driver may crash the process that calls it,
and a process that has used CUDA can no longer fork.
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
"""auto: the GPU, if one works and the search is large enough. cuda: the GPU, or an error."""

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
    """The choice of this process, and of those forked from it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.device: Device = "auto"
        self.trouble: str | None = None
        self.user = 0
        """Id of the process that has used the GPU; its children cannot use it."""


_choice = _Choice()


def choose(device: Device) -> None:
    """Set where vectors are searched from now on. Raises: SettingsInvalid for cuda if no GPU works
    here.
    """
    if device == "cuda" and (reason := trouble()):
        raise SettingsInvalid(
            f"vector_device is cuda (environment: AMMON_VECTOR_DEVICE), but vectors cannot be "
            f"searched on a GPU here: {reason}. Set it to auto or cpu, or see docs/deployment.md, "
            "'On a GPU'."
        )
    _choice.device = device


def wants_gpu(products: int, worth: int) -> bool:
    """Whether to search on the GPU: if that is forced, or if one works and at least `worth`
    multiplications are to be computed. For fewer, GPUs are not even tested."""
    if _choice.device == "cpu" or _choice.user not in (0, os.getpid()):
        return False
    return _choice.device == "cuda" or (products >= worth and not trouble())


def trouble() -> str:
    """Why no GPU can be used here; '' if one can. Tested once, which takes up to a few seconds."""
    with _choice.lock:
        if _choice.trouble is None:
            _choice.trouble = _found_out()
        return _choice.trouble


def gpu_module() -> Any:
    """The module `faiss`, for use of the GPU; processes forked from now on cannot use it.

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
