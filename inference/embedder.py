"""The port to embedding models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
Kind: TypeAlias = Literal["passage", "sentence", "entity", "fact", "query", "query_to_fact"]
"""The kind of a text, for models that expect an instruction before it."""
QUESTIONS: tuple[Kind, ...] = ("query", "query_to_fact")
"""Kinds that a user waits for; texts of other kinds are being indexed."""

Part: TypeAlias = tuple[tuple[int, int], ...]
"""A part of a text, from here to there, and perhaps from elsewhere on."""

Progress: TypeAlias = Callable[[int], None]
"""Called with the number of texts done since the last call."""


class Embedder(Protocol):
    """Turns texts into unit vectors.

    The vector of a text does not depend on the texts beside it, nor on their order: an index built
    in parts equals one built at once.
    """

    @property
    def model_id(self) -> str:
        """Names the model, its weights and all that changes its vectors; the cache's key."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """The longest text that it reads whole; the rest of a longer one is ignored."""
        ...

    def count_tokens(self, text: str) -> int:
        """Number of the model's tokens in a text, special tokens left out."""
        ...

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        """Embed texts: (len(texts), dimension), float32, rows of length one.

        Raises: ModelError.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """A text, and what else to compute in the same pass through the model."""

    text: str
    parts: tuple[Part, ...] = ()
    """Parts of the text, as they read in the whole of it."""
    beside: tuple[str, ...] = ()
    """Other texts, each as it reads alone."""


class BundleEmbedder(Protocol):
    """An optional capability of embedders: one pass for a text, its parts, and other texts."""

    @property
    def embeds_bundles(self) -> bool:
        """Whether it really can: that may depend on the model. Raises: ModelError."""
        ...

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        """For each bundle (1 + its parts + those beside, dimension), float32, of length one.

        The text's own vector is as `embed` gives it, those beside to rounding; a part without a
        token has the text's. Raises: ModelError.
        """
        ...


def bundle_embedder(embedder: Embedder) -> BundleEmbedder | None:
    """The embedder, if it can embed bundles. Raises: ModelError."""
    # Asked for by name: to compare it with the whole protocol takes longer than all else that is
    # done for a question whose embedding is remembered.
    able = getattr(embedder, "embeds_bundles", False)
    return cast(BundleEmbedder, embedder) if able else None
