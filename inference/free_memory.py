"""Returning free memory to the operating system."""

import ctypes
import sys


def give_back() -> None:
    """Return the memory that the C library keeps for reuse, where it has a function for that.

    Loading a model makes temporary copies, several times the size of its weights, whose memory
    would otherwise stay with the process.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
        if trim is not None:
            trim(0)
