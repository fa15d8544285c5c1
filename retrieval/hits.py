"""What an answer tells of the passages that were found."""

from collections.abc import Sequence
from itertools import repeat

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.citations import citations
from retrieval.copies import Copies
from retrieval.fitting import fits
from retrieval.loops.strings import addresses_of
from retrieval.loops.telling import strings_of, told_of_passages
from retrieval.receipt import Receipt
from retrieval.results import Hit, Span


class HitReader:
    """Reads hits from the tables of one snapshot."""

    def __init__(self, snapshot: Snapshot, copies: Copies) -> None:
        self._snapshot = snapshot
        self._copies = copies
        passages, documents = snapshot.passages, snapshot.documents
        self._documents = passages.documents.indptr, passages.documents.items
        self._held = documents.passages.indptr, documents.passages.items
        self._placed = documents.start, documents.end, documents.page
        self._columns = addresses_of(
            [
                column.arrays
                for column in (
                    passages.id,
                    passages.title,
                    passages.heading,
                    passages.text,
                    documents.id,
                    documents.source,
                    documents.title,
                    documents.metadata,
                    documents.observed_at,
                )
            ]
        )

    def hits(
        self,
        passages: Int32Array,
        scores: Float32Array,
        question: Float32Array,
        receipts: Sequence[Receipt] | None = None,
    ) -> tuple[Hit, ...]:
        """Of these passages, in their order; `question` (n, d) is the question's embedding and
        whatever other ones, or (0, 0) where a mode wants none."""
        read, told_with = (
            self._copies.with_others(passages) if self._copies.any else (passages, None)
        )
        text, begins, places = told_of_passages(
            read, self._documents, self._held, self._placed, self._columns
        )
        k, n, strings = len(passages), len(read), strings_of(text, begins)
        if told_with is not None:
            places[:, 0] = told_with[places[:, 0]]
        titles, texts = strings[n : n + k], strings[3 * n : 3 * n + k]
        similarities: Sequence[float | None] = [None] * k
        sentences: Sequence[Span | None] = [None] * k
        if len(question):
            similarities, sentences = fits(self._snapshot, passages, question[0], titles, texts)
        rows = zip(
            range(1, k + 1),
            scores.tolist(),
            strings[:k],
            titles,
            strings[2 * n : 2 * n + k],
            texts,
            citations(k, places.tolist(), strings[4 * n :]),
            similarities,
            sentences,
            receipts or repeat(None, k),
            strict=True,
        )
        return tuple(
            [
                Hit(
                    rank=rank,
                    score=score,
                    passage_id=passage_id,
                    title=title,
                    heading=heading,
                    text=text,
                    citations=tuple(cited),
                    similarity=similarity,
                    sentence=sentence,
                    receipt=receipt,
                )
                for (
                    rank,
                    score,
                    passage_id,
                    title,
                    heading,
                    text,
                    cited,
                    similarity,
                    sentence,
                    receipt,
                ) in rows
            ]
        )
