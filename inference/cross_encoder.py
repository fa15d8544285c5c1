"""Rerankers of the sentence-transformers library, which needs torch (the extra `torch`)."""

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.texts import encodable
from kg.errors import DependencyMissing, ModelOutputInvalid, WeightsInvalid


class CrossEncoderReranker:
    """A cross-encoder by its name at the hub or by its folder. One call at a time is run."""

    def __init__(self, model: str, *, device: str | None = None, batch_size: int = 32) -> None:
        """Name a model; it is loaded when needed. device: 'cpu', 'cuda', …; None: the library's."""
        self._name = model
        self._device = device
        self._batch_size = batch_size
        self._lock = Lock()

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if not texts:
            return np.zeros(0, dtype=np.float32)
        pairs = [(encodable(question), encodable(text)) for text in texts]
        model = self._model
        with self._lock:
            found = model.predict(
                pairs, batch_size=self._batch_size, show_progress_bar=False, convert_to_numpy=True
            )
        scores = np.asarray(found, dtype=np.float32)
        if scores.shape != (len(texts),) or not np.all(np.isfinite(scores)):
            raise ModelOutputInvalid(
                f"The reranker {self._name!r} gave no number for each passage: is it a "
                "cross-encoder with one output?"
            )
        return scores

    @cached_property
    def _model(self) -> Any:
        with self._lock:
            try:
                from sentence_transformers import CrossEncoder
            except ImportError as error:
                raise DependencyMissing("sentence-transformers", "torch") from error
            try:
                return CrossEncoder(self._name, device=self._device)
            except (OSError, ValueError) as error:
                raise WeightsInvalid(
                    f"The reranker {self._name!r} cannot be loaded: {error}. Give a folder that "
                    "sentence-transformers saved, or a name that its hub knows."
                ) from error
