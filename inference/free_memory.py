"""Free memory, given back to the system."""

import ctypes
import sys


def give_back() -> None:
    """Let the system have what the C library keeps for later, where there is a call for that.

    Loading a model makes copies of its weights, several times their size, whose room would stay
    with the process.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
        if trim is not None:
            trim(0)
