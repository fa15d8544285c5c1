"""The base of embedders that wrap another one."""

from collections.abc import Sequence
from functools import cached_property

from inference.embedder import (
    Bundle,
    BundleEmbedder,
    Embedder,
    Kind,
    Progress,
    Vectors,
    bundle_embedder,
)
from inference.instructions import Instructions, instructions_of
from kg.errors import ModelOutputInvalid


class EmbedderWrapper:
    """Delegates to another embedder; subclasses override what differs.

    Any embedder can be asked for bundles through it: one that cannot embed them gets plain texts,
    which is equivalent as long as no bundle has more than its text.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def instructions(self) -> Instructions:
        return instructions_of(self._embedder)

    @property
    def model_id(self) -> str:
        return self._embedder.model_id

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def max_tokens(self) -> int:
        return self._embedder.max_tokens

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        return self._embedder.embed(texts, kind, progress)

    def settle(self) -> None:
        """See `inference.onnx.OnnxEmbedder.settle`; other models have nothing to measure.

        Raises: ModelError.
        """
        if settle := getattr(self._embedder, "settle", None):
            settle()

    @property
    def embeds_bundles(self) -> bool:
        """See `inference.embedder.BundleEmbedder`."""
        return self._bundling is not None

    @cached_property
    def _bundling(self) -> BundleEmbedder | None:
        """The other one, if it embeds bundles: asked once, for each question would wait for it."""
        return bundle_embedder(self._embedder)

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        if bundling := self._bundling:
            return bundling.embed_bundles(bundles, kind)
        if any(bundle.parts or bundle.beside for bundle in bundles):
            raise ModelOutputInvalid(f"The model {self.model_id} embeds whole texts only.")
        return [
            vector[None] for vector in self._embedder.embed([one.text for one in bundles], kind)
        ]
