"""Embeddings of questions, of the same embedder as those of a snapshot."""

from collections.abc import Sequence

from inference.embedder import Embedder
from kg.errors import ModelOutputInvalid, SnapshotError
from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array
from retrieval.asking import embed_questions
from retrieval.mode import Mode


class QuestionEmbedder:
    """Embeds the questions to one snapshot."""

    def __init__(self, snapshot: Snapshot, embedder: Embedder) -> None:
        """Raises: SnapshotError if the snapshot was made with another embedder."""
        if snapshot.embedder != embedder.model_id:
            raise SnapshotError(
                f"The snapshot of {snapshot.collection!r}, revision {snapshot.revision}, was "
                f"made with the embedder {snapshot.embedder!r} and cannot be searched with "
                f"{embedder.model_id!r}. Use the first, or build a snapshot with the second "
                f"(ammon rebuild --collection {snapshot.collection!r})."
            )
        self._embedder = embedder
        self._collection = snapshot.collection
        self._dimension = snapshot.passages.vectors.shape[1]

    def embed(self, mode: Mode, questions: Sequence[str]) -> list[Float32Array]:
        """As `embed_questions`. Raises: ModelError, also for vectors that the snapshot's cannot be
        compared with."""
        vectors, wanted = embed_questions(self._embedder, mode, questions), self._dimension
        for found in vectors:
            if len(found) and found.shape[1] != wanted:
                raise ModelOutputInvalid(
                    f"The embedding model {self._embedder.model_id!r} returns vectors of "
                    f"{found.shape[1]} dimensions; those of {self._collection!r} have "
                    f"{wanted}. If the model of that name has changed, re-index the collection: "
                    "ammon reindex."
                )
        return vectors
