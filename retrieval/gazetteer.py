"""Looking names up in a snapshot's gazetteer."""

from collections.abc import Sequence

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Gazetteer
from kg.surfaces import Span, key_of
from kg.tokens import Token
from retrieval.loops.surfaces import surfaces_in

_REMEMBERED = 1024
"""Surfaces whose entries are remembered: a question's names are looked up for their bonuses, and
again to exclude them as bridges."""


class GazetteerLookup:
    """Surface -> entries."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._table = snapshot.gazetteer
        self._entries: dict[str, tuple[int, ...]] = {}

    def known(self, surface: str) -> bool:
        """Whether the surface is in the gazetteer."""
        return bool(self.entries(surface))

    def names(self, tokens: Sequence[Token], cased: bool) -> list[Span]:
        """All spans whose surface is in the gazetteer: as `kg.surfaces.matches`, at once."""
        table = self._table
        forms = [token.form for token in tokens]
        text = " ".join(forms)
        sizes = forms if text.isascii() else [form.encode() for form in forms]
        read = (
            [len(form) for form in sizes],
            [token.named or not cased for token in tokens],
            [token.alone for token in tokens],
        )
        found = surfaces_in(
            np.frombuffer(text.encode(), dtype=np.uint8),
            np.array(read, dtype=np.int64),
            table.key,
            table.surface.data,
            table.surface.offsets,
        )
        spans = []
        for first, last, row in found.tolist():
            surface = " ".join(forms[first : last + 1])
            spans.append(Span(surface, first, last))
            self._remember(surface, tuple(table.entries.row(row).tolist()))
        return spans

    def entries(self, surface: str) -> tuple[int, ...]:
        """The entries that the surface may mean; none if it is unknown."""
        known = self._entries.get(surface)
        return (
            self._remember(surface, _entries_of(self._table, surface)) if known is None else known
        )

    def _remember(self, surface: str, entries: tuple[int, ...]) -> tuple[int, ...]:
        if len(self._entries) >= _REMEMBERED:
            self._entries.clear()
        self._entries[surface] = entries
        return entries


def _entries_of(table: Gazetteer, surface: str) -> tuple[int, ...]:
    key = np.uint64(key_of(surface))
    row = int(table.key.searchsorted(key))
    while row < len(table.key) and table.key[row] == key:
        if table.surface[row] == surface:
            return tuple(table.entries.row(row).tolist())
        row += 1
    return ()
