"""Sentence embedders on onnxruntime: MiniLM, which comes with Ammon, or any other by path."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from inference import instructions as instruct
from inference import model_files
from inference.embedder import Kind, Progress, Vectors
from inference.instructions import Instructions
from inference.model_files import ModelFiles, Pooling
from inference.onnx_session import Ids, OnnxSession
from inference.texts import encodable
from inference.tokens import TokenCounter, open_tokenizer
from kg.errors import WeightsInvalid

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BATCH_TOKENS = 256
"""Batches above this are no faster than texts one by one, and take more memory."""
_BATCH_TEXTS = 32
_PROBE_ABOVE = 32
"""Calls of fewer texts, as questions are, go one by one and spare the probe of batching."""


class OnnxEmbedder:
    """Embeds texts with a model in the ONNX format. Safe for several threads.

    Texts go through the model in batches of one length if the model is seen to give the same
    vectors so, else one by one; in both cases a text's vector is the same in all company.
    """

    def __init__(
        self,
        weights: Path | None = None,
        tokenizer: Path | None = None,
        *,
        sha256: str | None = None,
        max_tokens: int | None = None,
        pooling: Pooling | None = None,
        instructions: Instructions | None = None,
        threads: int = 0,
    ) -> None:
        """Name a model; nothing is loaded before it is needed.

        weights: an ONNX file, or a folder with `model.onnx` and `tokenizer.json`; None is MiniLM.
        sha256: the weights' checksum, verified when they are loaded; MiniLM's is known.
        max_tokens, pooling: where the model's folder does not say or is wrong.
        threads: how many texts are embedded at once; 0 is as many as this process has cores.

        Raises: WeightsInvalid, DependencyMissing.
        """
        if weights is None:
            files, sha256 = model_files.minilm(), sha256 or model_files.MINILM_SHA256
        else:
            files = model_files.find(weights, tokenizer)
        self._files: ModelFiles = replace(
            files, max_tokens=max_tokens or files.max_tokens, pooling=pooling or files.pooling
        )
        self._sha256 = sha256
        self._instructions: Instructions = dict(instructions or {})
        self._threads = threads or _cores()
        self._lock = Lock()
        self._session: OnnxSession | None = None
        self._tokens = TokenCounter(files.tokenizer)
        self._truncating: Tokenizer | None = None
        self._model_id = ""
        self._batches: bool | None = None

    @property
    def instructions(self) -> Instructions:
        return self._instructions

    @property
    def model_id(self) -> str:
        """Name, weights, tokenizer, longest text, pooling and instructions, joined by colons."""
        if not self._model_id:
            files = self._files
            weights = self._sha256 or model_files.sha256(files.weights)
            self._model_id = (
                f"{files.name}:{weights[:8]}:{model_files.sha256(files.tokenizer)[:8]}"
                f":{files.max_tokens}:{files.pooling}{instruct.suffix(self._instructions)}"
            )
        return self._model_id

    @property
    def dimension(self) -> int:
        return self._loaded().dimension

    @property
    def max_tokens(self) -> int:
        return self._files.max_tokens - self._tokenizer().num_special_tokens_to_add(False)

    def count_tokens(self, text: str) -> int:
        return self._tokens.count(text)

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        rows: dict[str, int] = {}
        row_of = np.array([rows.setdefault(text, len(rows)) for text in texts], dtype=np.int64)
        repeats = np.bincount(row_of, minlength=len(rows))
        vectors = np.empty((len(rows), self.dimension), dtype=np.float32)
        prefix = self._instructions.get(kind, "")
        ids = [self._encode(prefix + text) for text in rows]
        batches = _batches(ids, batched=len(ids) > _PROBE_ABOVE and self._can_batch())
        run = partial(_run, self._loaded(), ids)
        with ThreadPoolExecutor(min(self._threads, len(batches)) or 1) as pool:
            # A single batch, as of a question, does not wait for a thread to start.
            results = pool.map(run, batches) if len(batches) > 1 else map(run, batches)
            for batch, result in zip(batches, results, strict=True):
                vectors[batch] = result
                if progress is not None:
                    progress(int(repeats[batch].sum()))
        return vectors[row_of]

    def _encode(self, text: str) -> Ids:
        ids = self._tokenizer().encode(encodable(text)).ids
        # A tokenizer without special tokens makes nothing of an empty text.
        return np.array(ids or [0], dtype=np.int64)

    def _can_batch(self) -> bool:
        if self._batches is None:
            self._batches = self._loaded().batches_exactly()
        return self._batches

    def _loaded(self) -> OnnxSession:
        with self._lock:
            if self._session is None:
                found = model_files.sha256(self._files.weights)
                if self._sha256 not in (None, found):
                    raise WeightsInvalid(
                        f"{self._files.weights} has the SHA-256 {found}, expected was "
                        f"{self._sha256}: the file is damaged or another model. Install it anew."
                    )
                self._session = OnnxSession(self._files.weights, self._files.pooling)
            return self._session

    def _tokenizer(self) -> "Tokenizer":
        """The model's tokenizer, which cuts at the model's limit."""
        with self._lock:
            if self._truncating is None:
                self._truncating = open_tokenizer(self._files.tokenizer)
                self._truncating.enable_truncation(self._files.max_tokens)
            return self._truncating


def _batches(ids: Sequence[Ids], *, batched: bool) -> list[npt.NDArray[np.int64]]:
    """Rows to run together: one by one, or several of one length; the longest first."""
    lengths = np.array([len(text) for text in ids], dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    batches: list[npt.NDArray[np.int64]] = []
    for group in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        size = 1
        if batched and len(group):
            size = max(1, min(_BATCH_TEXTS, _BATCH_TOKENS // int(lengths[group[0]])))
        batches += [group[i : i + size] for i in range(0, len(group), size)]
    return batches


def _run(session: OnnxSession, ids: Sequence[Ids], batch: npt.NDArray[np.int64]) -> Vectors:
    return session.run(np.stack([ids[row] for row in batch]))


def _cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
