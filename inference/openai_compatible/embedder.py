"""Embedding models at an endpoint that speaks OpenAI's protocol."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from inference import instructions as instruct
from inference.embedder import QUESTIONS, Kind, Progress, Vectors
from inference.instructions import Instructions
from inference.openai_compatible.endpoint import Caller, Endpoint
from inference.texts import encodable
from inference.tokens import cut_by_estimate, estimated_tokens
from kg.errors import ModelOutputInvalid

if TYPE_CHECKING:
    from openai import OpenAI


OPENAI_MAX_TOKENS = 8191
"""What OpenAI's own models read."""


class OpenAIEmbedder:
    """An embedding model behind `/embeddings`. Safe for several threads.

    Whether a text's vector depends on the other texts in a request is up to the endpoint. Put a
    cache in front, so that each text is embedded only once.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        dimensions: int | None = None,
        max_tokens: int = OPENAI_MAX_TOKENS,
        batch_texts: int = 64,
        batch_tokens: int = 50_000,
        instructions: Instructions | None = None,
        question_patience: float | None = None,
    ) -> None:
        """Nothing is sent before it is needed.

        dimensions: the length to request, for models that can shorten their vectors.
        max_tokens: the longest text that the model reads; longer ones are truncated before sending.
        batch_texts, batch_tokens: the most that one request holds, a token taken as four bytes.
        question_patience: total seconds that a question waits for its vector; None: as long as
        texts of documents do.
        """
        self._caller = Caller(endpoint)
        self._dimensions = dimensions
        self._found: int | None = None
        self._max_tokens = max_tokens
        self._batch_texts = batch_texts
        self._batch_tokens = batch_tokens
        self._instructions: Instructions = dict(instructions or {})
        self._question_patience = question_patience

    @property
    def instructions(self) -> Instructions:
        return self._instructions

    @property
    def model_id(self) -> str:
        """Model, requested length, longest text if it is not OpenAI's, and instructions; not the
        address."""
        shortened = f":{self._dimensions}" if self._dimensions else ""
        cut = f":{self._max_tokens}t" if self._max_tokens != OPENAI_MAX_TOKENS else ""
        model = self._caller.endpoint.model
        return f"openai:{model}{shortened}{cut}{instruct.suffix(self._instructions)}"

    @property
    def dimension(self) -> int:
        """The length of a vector, from a call if none was made yet. Raises: ModelError."""
        return self._found or self._embed_batch(["dimension"]).shape[1]

    @property
    def max_tokens(self) -> int:
        return self._max_tokens

    def count_tokens(self, text: str) -> int:
        return estimated_tokens(text)

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        prefix = self._instructions.get(kind, "")
        rows: dict[str, int] = {}
        row_of = np.array([rows.setdefault(text, len(rows)) for text in texts], dtype=np.int64)
        repeats = np.bincount(row_of, minlength=len(rows))
        batches = self._batches([self._sent(prefix + text) for text in rows])
        patience = self._question_patience if kind in QUESTIONS else None
        embed_batch = partial(self._embed_batch, patience=patience)
        done: list[Vectors] = []
        start = 0
        with ThreadPoolExecutor(self._caller.endpoint.concurrency) as pool:
            for result in pool.map(embed_batch, batches):
                done.append(result)
                end = start + len(result)
                if progress is not None:
                    progress(int(repeats[start:end].sum()))
                start = end
        return np.concatenate(done)[row_of]

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        self._caller.close()

    def _sent(self, text: str) -> str:
        """The text as it is sent: truncated to what the model reads, and not empty, which endpoints
        refuse."""
        return cut_by_estimate(encodable(text), self._max_tokens) or " "

    def _batches(self, texts: Sequence[str]) -> list[list[str]]:
        batches: list[list[str]] = []
        tokens = 0
        for text in texts:
            length = estimated_tokens(text)
            full = batches and len(batches[-1]) == self._batch_texts
            if not batches or full or tokens + length > self._batch_tokens:
                batches.append([])
                tokens = 0
            batches[-1].append(text)
            tokens += length
        return batches

    def _embed_batch(self, texts: Sequence[str], patience: float | None = None) -> Vectors:
        import openai

        try:
            limited = self._caller.endpoint.tokens_per_minute > 0
            tokens = sum(map(estimated_tokens, texts)) if limited else 0
            answer = self._caller.call(
                lambda client: self._ask(client, texts), tokens=tokens, patience=patience
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            raise self._caller.explain(error) from error
        try:
            data = sorted(answer.data, key=lambda row: row.index)
            vectors = np.array([row.embedding for row in data], dtype=np.float64)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._invalid("is not a list of numbers for each text") from error
        lengths = np.linalg.norm(vectors, axis=1) if vectors.ndim == 2 else np.zeros(1)
        if not np.all((lengths > 0.0) & np.isfinite(lengths)):
            raise self._invalid("has vectors of length zero, or values that are not finite numbers")
        if len(vectors) != len(texts) or vectors.shape[1] != (self._found or vectors.shape[1]):
            raise self._invalid(f"has the shape {vectors.shape} for {len(texts)} texts")
        self._found = vectors.shape[1]
        unit: Vectors = (vectors / lengths[:, np.newaxis]).astype(np.float32)
        return unit

    def _ask(self, client: "OpenAI", texts: Sequence[str]) -> Any:
        options: dict[str, Any] = {"dimensions": self._dimensions} if self._dimensions else {}
        return client.embeddings.create(
            model=self._caller.endpoint.model, input=list(texts), encoding_format="float", **options
        )

    def _invalid(self, what: str) -> ModelOutputInvalid:
        endpoint = self._caller.endpoint
        return ModelOutputInvalid(
            f"The answer of the embedding model {endpoint.model!r} at {endpoint.base_url} "
            f"{what}. Check {endpoint.settings}_MODEL and {endpoint.settings}_BASE_URL."
        )
