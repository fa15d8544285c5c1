"""Embedders of the sentence-transformers library, which needs torch (the extra `torch`)."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from inference import instructions as instruct
from inference.embedder import Kind, Progress, Vectors
from inference.instructions import Instructions
from inference.texts import encodable
from inference.torch_device import fitting, is_cuda, placed
from kg.errors import DependencyMissing, ModelOutputInvalid, WeightsInvalid

_CHUNK, _CHUNK_ON_GPU = 512, 2048
"""Texts between two progress reports, within which those of similar length are batched."""
_BATCH, _BATCH_ON_GPU = 32, 128
"""Texts in one pass through the model: a GPU needs larger batches to be busy."""


class SentenceTransformerEmbedder:
    """A model, given by its name on the hub or by its folder. Runs one call at a time.

    Batches are padded, and floating-point sums depend on a batch's shape, so a text's vector varies
    with its batch by about 1e-6. A cache in front fixes the first result.
    """

    def __init__(
        self, model: str | Path, *, instructions: Instructions | None = None, device: str = "auto"
    ) -> None:
        """The model is loaded at first use, and downloaded if it is not a folder. It runs on the
        device: auto (the library's choice: a GPU if there is one), cpu or cuda."""
        self._name = str(model)
        self._device = device
        self._instructions: Instructions = dict(instructions or {})
        self._lock = Lock()
        self._model: Any = None

    @property
    def instructions(self) -> Instructions:
        return self._instructions

    @property
    def model_id(self) -> str:
        """Name, longest text and instructions. Raises: DependencyMissing, ModelError."""
        return f"st:{self._name}:{self.max_tokens}{instruct.suffix(self._instructions)}"

    @cached_property
    def dimension(self) -> int:
        # The library's method for this has a different name in each major version.
        return int(self._encode([""]).shape[1])

    @property
    def max_tokens(self) -> int:
        # Word-vector models have no limit.
        return int(self._loaded().max_seq_length or 1_000_000)

    def count_tokens(self, text: str) -> int:
        encoded = self._loaded().tokenizer(
            encodable(text), add_special_tokens=False, truncation=False, verbose=False
        )
        return len(encoded["input_ids"])

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        prefix = self._instructions.get(kind, "")
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        step = _CHUNK_ON_GPU if is_cuda(self._loaded()) else _CHUNK
        for start in range(0, len(texts), step):
            chunk = [encodable(prefix + text) for text in texts[start : start + step]]
            vectors[start : start + len(chunk)] = self._encode(chunk)
            if progress is not None:
                progress(len(chunk))
        return vectors

    def _encode(self, texts: list[str]) -> Vectors:
        model = self._loaded()

        def encoded(batch: int) -> Any:
            # An empty prompt disables the model's default prompt: the instructions are ours.
            return model.encode(
                texts,
                prompt="",
                batch_size=batch,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )

        with self._lock:
            batch = _BATCH_ON_GPU if is_cuda(model) else _BATCH
            vectors = fitting(encoded, batch, self._name)
        if not np.all(np.isfinite(vectors)):
            raise ModelOutputInvalid(
                f"The embedding model {self._name!r} returned values that are not finite. Its "
                "weights are damaged, or the device is unsuitable: try the CPU "
                "(AMMON_VECTOR_DEVICE=cpu)."
            )
        return np.asarray(vectors, dtype=np.float32)

    def _loaded(self) -> Any:
        """The model, loaded only once even if several threads ask for it at the same time."""
        if self._model is None:
            with self._lock:
                if self._model is None:
                    self._model = self._load()
        return self._model

    def _load(self) -> Any:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise DependencyMissing("sentence-transformers", "torch") from error
        try:
            return placed(
                lambda device: SentenceTransformer(self._name, device=device),
                self._name,
                self._device,
            )
        except (OSError, ValueError) as error:
            raise WeightsInvalid(
                f"Cannot load the embedding model {self._name!r}: {error}. Give a folder saved "
                "by sentence-transformers, or a model name from its hub."
            ) from error
