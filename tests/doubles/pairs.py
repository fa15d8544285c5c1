"""Snapshots for tests of the walk: sentences and pairs given by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kg.snapshot import Ragged, Snapshot, Strings
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
    by_passage = [
        [row for row, (_, at, _) in enumerate(rows) if at == passage] for passage in range(passages)
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
            vectors=np.tile(np.array([1, 0], dtype=np.float16), (passages * sentences, 1)),
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
        pairs=Pairs(
            indptr=np.searchsorted([row[0] for row in rows], np.arange(len(entries) + 1)).astype(
                np.int64
            ),
            entry=np.array([row[0] for row in rows], dtype=np.int32),
            passage=np.array([row[1] for row in rows], dtype=np.int32),
            is_title=np.array([(row[0], row[1]) in titles for row in rows], dtype=np.bool_),
            weak=np.array([(row[0], row[1]) in weak for row in rows], dtype=np.bool_),
            sentences=Ragged.from_rows([row[2] for row in rows]),
            by_passage=Ragged.from_rows(by_passage),
        ),
    )
