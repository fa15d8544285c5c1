"""The port to embedding models."""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
Kind: TypeAlias = Literal["passage", "sentence", "entity", "fact", "query", "query_to_fact"]
"""What a text is, for models that want an instruction before it."""

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


@runtime_checkable
class PartEmbedder(Protocol):
    """What an embedder may have besides: parts of a text, as they read in the whole of it.

    One pass through the model gives the text's vector and those of all its parts.
    """

    @property
    def embeds_parts(self) -> bool:
        """Whether it really can: that may depend on the model. Raises: ModelError."""
        ...

    def embed_parts(
        self, texts: Sequence[str], parts: Sequence[Sequence[Part]], kind: Kind
    ) -> list[Vectors]:
        """For each text (1 + its parts, dimension): its own vector, as `embed` gives it, and each
        part's, float32, of length one. A part without a token has the text's vector.

        Raises: ModelError.
        """
        ...


def part_embedder(embedder: Embedder) -> PartEmbedder | None:
    """The embedder, if it can embed parts. Raises: ModelError."""
    if isinstance(embedder, PartEmbedder) and embedder.embeds_parts:
        return embedder
    return None
