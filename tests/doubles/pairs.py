"""Snapshots for tests of the walk: sentences and pairs given by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kg.snapshot import Quantised, Ragged, Snapshot, Strings
from kg.snapshot.tables import Gazetteer, Pairs, Sentences
from kg.surfaces import key_of
from tests.doubles.snapshots import APassage, Handmade

Entry = Mapping[int, Sequence[int]]
"""Passage -> numbers (within it) of the sentences that name the entry."""


def walkable(
    passages: int,
    entries: Sequence[Entry],
    *,
    titles: Sequence[tuple[int, int]] = (),
    weak: Sequence[tuple[int, int]] = (),
    surfaces: Mapping[str, list[int]] | None = None,
    sentences: int = 1,
    cased: bool = True,
) -> Snapshot:
    """A snapshot of passages with `sentences` sentences each; `titles` and `weak` are
    (entry, passage).

    All vectors are (1, 0); `surfaces` are what the gazetteer knows.
    """
    made = Handmade(passages=[APassage(text=f"text {n}") for n in range(passages)]).snapshot()
    rows = [
        (entry, passage, [passage * sentences + number for number in numbers])
        for entry, places in enumerate(entries)
        for passage, numbers in sorted(places.items())
    ]
    known = sorted((key_of(surface), surface) for surface in surfaces or {})
    return replace(
        made,
        cased=cased,
        sentences=Sentences(
            passage=np.repeat(np.arange(passages, dtype=np.int32), sentences),
            indptr=np.arange(passages + 1, dtype=np.int64) * sentences,
            start=np.zeros(passages * sentences, dtype=np.int32),
            end=np.zeros(passages * sentences, dtype=np.int32),
            vectors=Quantised.of(np.tile(np.array([1.0, 0.0]), (passages * sentences, 1))),
        ),
        gazetteer=Gazetteer(
            key=np.array([key for key, _ in known], dtype=np.uint64),
            surface=Strings.of(surface for _, surface in known),
            entries=Ragged.from_rows([(surfaces or {})[surface] for _, surface in known]),
            label=Strings.of(f"entry {number}" for number in range(len(entries))),
            entity=np.full(len(entries), -1, dtype=np.int32),
            titled=Ragged.from_rows(
                [[at for one, at in titles if one == number] for number in range(len(entries))]
            ),
        ),
        pairs=_pairs(rows, len(entries), passages, titles, weak),
    )


def _pairs(
    rows: Sequence[tuple[int, int, list[int]]],
    entries: int,
    passages: int,
    titles: Sequence[tuple[int, int]],
    weak: Sequence[tuple[int, int]],
) -> Pairs:
    """`rows`: (entry, passage, sentences), in order."""
    edges = np.searchsorted([entry for entry, _, _ in rows], np.arange(entries + 1))
    by_passage = [
        [row for row, (_, at, _) in enumerate(rows) if at == passage] for passage in range(passages)
    ]
    return Pairs(
        indptr=edges.astype(np.int64),
        entry=np.array([entry for entry, _, _ in rows], dtype=np.int32),
        passage=np.array([at for _, at, _ in rows], dtype=np.int32),
        is_title=np.array([(entry, at) in titles for entry, at, _ in rows], dtype=np.bool_),
        weak=np.array([(entry, at) in weak for entry, at, _ in rows], dtype=np.bool_),
        sentences=Ragged.from_rows([found for _, _, found in rows]),
        by_passage=Ragged.from_rows(by_passage),
    )
