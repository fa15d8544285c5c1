"""Rerankers of the sentence-transformers library, which needs torch (the extra `torch`)."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.folding import folded
from inference.texts import encodable
from inference.torch_device import fitting, placed
from kg.errors import DependencyMissing, ModelOutputInvalid, WeightsInvalid

_BATCH = 32
"""Pairs in one pass through the model."""


class CrossEncoderReranker:
    """A cross-encoder, given by its name on the hub or by its folder. Runs one call at a time."""

    def __init__(self, model: str, *, device: str = "auto") -> None:
        """The model is loaded at first use, onto the device: auto (the library's choice), cpu or
        cuda."""
        self._name = model
        self._device = device
        self._lock = Lock()
        self._model: Any = None

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if not texts:
            return np.zeros(0, dtype=np.float32)
        asked = encodable(folded(question))
        pairs = [(asked, encodable(folded(text))) for text in texts]
        with self._lock:
            if self._model is None:
                self._model = self._load()
            found = fitting(
                lambda batch: self._model.predict(
                    pairs, batch_size=batch, show_progress_bar=False, convert_to_numpy=True
                ),
                _BATCH,
                self._name,
            )
        scores = np.asarray(found, dtype=np.float32)
        if scores.shape != (len(texts),) or not np.all(np.isfinite(scores)):
            raise ModelOutputInvalid(
                f"The reranker {self._name!r} did not return one number for each passage: is it "
                "a cross-encoder with one output?"
            )
        return scores

    def _load(self) -> Any:
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise DependencyMissing("sentence-transformers", "torch") from error
        try:
            return placed(
                lambda device: CrossEncoder(self._name, device=device), self._name, self._device
            )
        except (OSError, ValueError) as error:
            raise WeightsInvalid(
                f"Cannot load the reranker {self._name!r}: {error}. Give a folder saved by "
                "sentence-transformers, or a model name from its hub."
            ) from error
