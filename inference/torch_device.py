"""Where torch runs a model: on a GPU if there is one, unless it is told otherwise."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import structlog

from kg.errors import DependencyMissing, ModelUnavailable, SettingsInvalid

_log = structlog.get_logger(__name__)


def placed(make: Callable[[str | None], Any], name: str, wanted: str) -> Any:
    """The result of `make(device)` for the `wanted` device: cpu, cuda, or auto, which leaves the
    choice to the library (None). With auto, if the model does not fit there or the GPU fails, the
    CPU is used.

    Raises: SettingsInvalid for cuda without a GPU; ModelUnavailable if loading fails there.
    """
    if wanted == "cuda":
        _check_cuda()
    try:
        return make(None if wanted == "auto" else wanted)
    except RuntimeError as error:
        if wanted != "auto":
            raise ModelUnavailable(
                f"Cannot load the model {name!r} to {wanted}: {error}. Choose a smaller one, or "
                "set AMMON_VECTOR_DEVICE to auto or cpu."
            ) from error
        _log.warning("a model runs on the CPU", model=name, reason=str(error))
        return make("cpu")


def is_cuda(model: Any) -> bool:
    """Whether a model is on an NVIDIA GPU."""
    return str(getattr(model, "device", "")).startswith("cuda")


def fitting(run: Callable[[int], Any], batch: int, name: str) -> Any:
    """The result of `run(batch)`; the batch size is halved as often as the GPU's memory does not
    suffice.

    Raises: ModelUnavailable if not even one text fits.
    """
    while True:
        try:
            return run(batch)
        except RuntimeError as error:
            # torch.OutOfMemoryError, which stands in a different module in different versions.
            if type(error).__name__ != "OutOfMemoryError":
                raise
            if batch == 1:
                raise ModelUnavailable(
                    f"The GPU's memory is too small for even one text with the model {name!r}. "
                    "Free some, or set AMMON_VECTOR_DEVICE=cpu."
                ) from error
            batch //= 2


def _check_cuda() -> None:
    try:
        torch: Any = import_module("torch")  # has types only where it is installed
    except ImportError as error:
        raise DependencyMissing("torch", "torch") from error
    if not torch.cuda.is_available():
        raise SettingsInvalid(
            "vector_device is cuda (environment: AMMON_VECTOR_DEVICE), but torch sees no GPU: "
            "there is none, or no driver for torch's CUDA. Set it to auto or cpu, or see "
            "docs/deployment.md, 'On a GPU'."
        )
