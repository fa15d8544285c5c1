"""The port to embedding models."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
Kind: TypeAlias = Literal["passage", "sentence", "entity", "fact", "query", "query_to_fact"]
"""The kind of a text, for models that expect an instruction before it."""
QUESTIONS: tuple[Kind, ...] = ("query", "query_to_fact")
"""Kinds of question texts, which a user waits for; texts of other kinds are embedded while
indexing."""

Part: TypeAlias = tuple[tuple[int, int], ...]
"""A part of a text: one or more spans (start, end)."""

Progress: TypeAlias = Callable[[int], None]
"""Called with the number of texts done since the last call."""


class Embedder(Protocol):
    """Turns texts into unit vectors.

    A text's vector does not depend on the other texts in the call, so an index built in parts
    equals one built at once.
    """

    @property
    def model_id(self) -> str:
        """Identifies the model, its weights and everything else that affects its vectors; part of
        the cache's key."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """The longest text that it reads in full; the rest of a longer one is ignored."""
        ...

    def count_tokens(self, text: str) -> int:
        """The number of the model's tokens in a text, not counting special tokens."""
        ...

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        """Embed texts: (len(texts), dimension), float32, rows of length one.

        Raises: ModelError.
        """
        ...


class Bundle(NamedTuple):
    """A text, and what else to embed in the same pass through the model."""

    text: str
    parts: tuple[Part, ...] = ()
    """Parts of the text, to be embedded in the context of the whole text."""
    beside: tuple[str, ...] = ()
    """Other texts, to be embedded independently."""


class BundleEmbedder(Protocol):
    """An optional capability of embedders: one pass for a text, its parts, and other texts."""

    @property
    def embeds_bundles(self) -> bool:
        """Whether it can embed bundles, which may depend on the model. Raises: ModelError."""
        ...

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        """For each bundle, (1 + parts + beside, dimension) float32, rows of length one.

        The text's own vector equals `embed`'s; those of `beside` do up to rounding; a part without
        tokens gets the text's vector. Raises: ModelError.
        """
        ...


def bundle_embedder(embedder: Embedder) -> BundleEmbedder | None:
    """The embedder, if it can embed bundles. Raises: ModelError."""
    # By attribute name: isinstance() with the protocol takes longer than everything else that is
    # done for a question whose embedding is cached.
    able = getattr(embedder, "embeds_bundles", False)
    return cast(BundleEmbedder, embedder) if able else None
