"""The walk's tables with something left out."""

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Int32Array, Pairs, Ragged


def pairs_without(snapshot: Snapshot, entries: Int32Array, passages: Int32Array) -> Pairs:
    """The pairs that belong to none of these entries or passages."""
    table = snapshot.pairs
    kept = ~(np.isin(table.entry, entries) | np.isin(table.passage, passages))
    lengths = np.diff(table.sentences.indptr)
    entry, passage = table.entry[kept], table.passage[kept]
    order = np.argsort(passage, kind="stable").astype(np.int32)
    numbers = np.arange(len(snapshot.passages.id) + 1)
    return Pairs(
        indptr=np.concatenate(([0], np.cumsum(kept)))[table.indptr].astype(np.int64),
        entry=entry,
        passage=passage,
        is_title=table.is_title[kept],
        weak=table.weak[kept],
        sentences=Ragged(
            np.concatenate(([0], np.cumsum(lengths[kept]))).astype(np.int64),
            table.sentences.items[np.repeat(kept, lengths)],
        ),
        by_passage=Ragged(np.searchsorted(passage[order], numbers).astype(np.int64), order),
    )
