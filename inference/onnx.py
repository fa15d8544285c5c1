"""Sentence embedders on onnxruntime: MiniLM, which comes with Ammon, or any other by path."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from inference import instructions as instruct
from inference import model_files
from inference.batches import Rows, batches, packed
from inference.embedder import Bundle, Kind, Part, Progress, Vectors
from inference.free_memory import give_back
from inference.instructions import Instructions
from inference.model_files import ModelFiles, Pooling
from inference.onnx_session import Ids, OnnxSession, Row, States
from inference.state_cache import StateCache
from inference.texts import encodable
from inference.tokens import TokenCounter, open_tokenizer
from kg.errors import WeightsInvalid

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_Made = TypeVar("_Made")
_PROBE_AFTER = 32
"""How many texts are embedded one by one before batching is tested, which takes about as long."""


class OnnxEmbedder:
    """Embeds texts with a model in the ONNX format. Safe for several threads.

    Texts are embedded in batches of similar length if a test shows that the model gives the same
    vectors in batches, and one by one otherwise. Either way a text's vector does not depend on the
    other texts.
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
        most_kept: int = 0,
    ) -> None:
        """Nothing is loaded before it is needed.

        weights: an ONNX file, or a folder with `model.onnx` and `tokenizer.json`; None: MiniLM.
        sha256: the weights' checksum, verified when they are loaded; MiniLM's is known.
        max_tokens, pooling: override what the model's folder says, or supply what it does not say.
        threads: how many texts are embedded at once; 0: one for each core of this process.
        most_kept: the size in bytes of the cache of token states of recent bundles, from which
        other parts of the same texts can be embedded; 0: no cache.

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
        self._kept = StateCache(most_kept)
        self._lock = Lock()
        self._session: OnnxSession | None = None
        self._tokens = TokenCounter(files.tokenizer)
        self._truncating: Tokenizer | None = None
        self._model_id = ""
        self._batches: bool | None = None
        self._probing: Thread | None = None
        self._seen = 0

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
        ids = [[_ids(self._encode(prefix + text))] for text in rows]
        for batch, result in self._batched(ids, OnnxSession.run):
            vectors[batch] = result
            if progress is not None:
                progress(int(repeats[batch].sum()))
        return vectors[row_of]

    @property
    def embeds_bundles(self) -> bool:
        """See `inference.embedder.BundleEmbedder`."""
        return self._loaded().pools_tokens

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        prefix = self._instructions.get(kind, "")
        encodings = [
            [self._encode(prefix + text) for text in (one.text, *one.beside)] for one in bundles
        ]
        ids = [[_ids(one) for one in texts] for texts in encodings]
        found = self._kept.of(ids, self._states)
        pool = self._loaded().pool
        vectors: list[Vectors] = []
        for one, (encoding, *_), (whole, *beside) in zip(bundles, encodings, found, strict=True):
            parts = (_tokens(encoding, part, len(prefix)) for part in one.parts)
            within = [whole[tokens] if tokens else whole for tokens in parts]
            vectors.append(np.stack([pool(states) for states in (whole, *within, *beside)]))
        return vectors

    def _states(self, bundles: Sequence[Row]) -> list[list[States]]:
        """The token states of each text of each bundle; if the model packs, short texts share a
        row."""
        if self._loaded().packs:
            rows = [row for bundle in bundles for row in packed(bundle)]
        else:
            rows = [[text] for bundle in bundles for text in bundle]
        found: list[list[States]] = [[]] * len(rows)
        for batch, states in self._batched(rows, OnnxSession.states):
            for row, of_row in zip(batch.tolist(), states, strict=True):
                found[row] = of_row
        each = (states for of_row in found for states in of_row)
        return [[next(each) for _ in bundle] for bundle in bundles]

    def _batched(
        self, rows: Sequence[Row], run: Callable[[OnnxSession, Sequence[Row]], _Made]
    ) -> Iterator[tuple[Rows, _Made]]:
        """Run all rows; yields (row numbers, results) batch by batch."""
        session = self._loaded()
        lengths = [sum(map(len, row)) for row in rows]
        chosen = batches(lengths, together=self._can_batch(len(rows)))
        inputs = ([rows[number] for number in batch] for batch in chosen)
        if len(chosen) < 2 or self._threads == 1:  # quicker than starting a thread
            yield from (
                (batch, run(session, some)) for batch, some in zip(chosen, inputs, strict=True)
            )
            return
        with ThreadPoolExecutor(min(self._threads, len(chosen))) as pool:
            yield from zip(chosen, pool.map(partial(run, session), inputs), strict=True)

    def _encode(self, text: str) -> "Encoding":
        return self._tokenizer().encode(encodable(text))

    def _can_batch(self, texts: int) -> bool:
        self._seen += texts
        if self._batches is None and self._seen > _PROBE_AFTER:
            if texts > _PROBE_AFTER:
                self._probe()
            elif self._probing is None:
                # In the background, so that no question waits for it. Not as a daemon: the model's
                # code aborts if its thread is killed at the end of the process.
                self._probing = Thread(target=self._probe, name="batches")
                self._probing.start()
        return bool(self._batches)

    def settle(self) -> None:
        """Load the model and test batching now, not after the first texts, so that processes forked
        from this one share the result. Raises: WeightsInvalid."""
        self._tokenizer()
        if self._batches is None:
            self._probe()

    def _probe(self) -> None:
        session = self._loaded()
        self._batches = session.batches_exactly()
        session.let_go()

    def _loaded(self) -> OnnxSession:
        with self._lock:
            if self._session is None:
                found = model_files.sha256(self._files.weights)
                if self._sha256 not in (None, found):
                    raise WeightsInvalid(
                        f"{self._files.weights} has the SHA-256 {found} instead of "
                        f"{self._sha256}: the file is damaged, or another model. Install it "
                        "again."
                    )
                files = self._files
                self._session = OnnxSession(files.weights, files.pooling, files.packing)
                give_back()
            return self._session

    def _tokenizer(self) -> "Tokenizer":
        """The model's tokenizer, which truncates at the model's limit."""
        with self._lock:
            if self._truncating is None:
                self._truncating = open_tokenizer(self._files.tokenizer)
                self._truncating.enable_truncation(self._files.max_tokens)
            return self._truncating


def _ids(encoding: "Encoding") -> Ids:
    # A tokenizer without special tokens gives no tokens for an empty text.
    return np.array(encoding.ids or [0], dtype=np.int64)


def _tokens(encoding: "Encoding", part: Part, shift: int) -> list[int]:
    """The tokens of a part of a text, without special tokens; `shift` is where the text begins."""
    places = zip(encoding.offsets, encoding.special_tokens_mask, strict=True)
    return [
        token
        for token, ((first, last), special) in enumerate(places)
        if not special and any(first < end + shift and start + shift < last for start, end in part)
    ]


def _cores() -> int:
    """The number of cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1
