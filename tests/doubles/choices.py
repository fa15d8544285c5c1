"""Where vectors are searched, for a test."""

from collections.abc import Iterator
from contextlib import contextmanager

from kg import device
from kg.device import Device


@contextmanager
def searched_on(chosen: Device) -> Iterator[None]:
    """Choose a device; afterwards it is what it was."""
    before = device._choice.device
    device.choose(chosen)
    try:
        yield
    finally:
        device._choice.device = before


@contextmanager
def as_if_forced() -> Iterator[None]:
    """The GPU is chosen, and lost before it is used."""
    before = device._choice.device
    device._choice.device = "cuda"
    try:
        yield
    finally:
        device._choice.device = before
