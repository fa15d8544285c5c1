"""A cache of the token states that the model computed for questions, so that embedding parts of a
question needs no further pass.

Which parts are needed depends on the names that a corpus knows, and so on its revision; the states
of the question's tokens do not.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeAlias

import numpy as np

from inference.onnx_session import Row, States

_Key: TypeAlias = tuple[bytes, ...]
"""The ids of the tokens of each text of a bundle."""


class StateCache:
    """The states of the most recent bundles of texts. Safe for several threads."""

    def __init__(self, most_bytes: int) -> None:
        """`most_bytes`: how much is kept; 0 keeps nothing."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[_Key, list[States]] = OrderedDict()
        self._lock = Lock()

    def of(
        self, bundles: Sequence[Row], make: Callable[[Sequence[Row]], list[list[States]]]
    ) -> list[list[States]]:
        """The states of each text of each bundle; `make` computes those that are not cached."""
        if not self._most_bytes:
            return make(bundles)
        keys = [tuple(text.tobytes() for text in bundle) for bundle in bundles]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: one for key, one in zip(keys, bundles, strict=True) if key not in found}
        if missing:
            made = make(list(missing.values()))
            # Copies: a view would keep the whole batch in memory.
            found |= {
                key: [np.array(states) for states in of_one]
                for key, of_one in zip(missing, made, strict=True)
            }
        self._keep(found)
        return [found[key] for key in keys]

    def _keep(self, found: dict[_Key, list[States]]) -> None:
        with self._lock:
            for key, states in found.items():
                self._bytes += 0 if key in self._kept else _size(states)
                self._kept[key] = states
                self._kept.move_to_end(key)
            while self._bytes > self._most_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= _size(oldest)


def _size(states: Sequence[States]) -> int:
    return sum(of_one.nbytes for of_one in states)
