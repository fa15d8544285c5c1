"""The walk's tables with something left out."""

import numpy as np

from kg.snapshot.tables import Int32Array, Pairs, Ragged


def pairs_without(pairs: Pairs, entries: Int32Array, passages: Int32Array) -> Pairs:
    """The pairs that belong to none of these entries or passages."""
    kept = ~(np.isin(pairs.entry, entries) | np.isin(pairs.passage, passages))
    lengths = np.diff(pairs.sentences.indptr)
    return Pairs.of(
        entry=pairs.entry[kept],
        passage=pairs.passage[kept],
        is_title=pairs.is_title[kept],
        weak=pairs.weak[kept],
        sentences=Ragged(
            np.concatenate(([0], np.cumsum(lengths[kept]))).astype(np.int64),
            pairs.sentences.items[np.repeat(kept, lengths)],
        ),
        entries=len(pairs.indptr) - 1,
        passages=len(pairs.by_passage),
    )
