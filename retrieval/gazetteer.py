"""Looking names up in a snapshot's gazetteer."""

from typing import NamedTuple

import numpy as np

from kg.snapshot import Snapshot
from kg.surfaces import key_of
from kg.tokens import Tokens
from retrieval.loops.surfaces import names_in


class Name(NamedTuple):
    """A part of a text that the gazetteer knows."""

    first: int
    """Number of its first token."""
    last: int
    """Number of its last token."""
    longest: bool
    """Whether it is one of the longest that do not overlap; of equally long ones, the earlier."""
    entries: tuple[int, ...]
    """What it may mean."""


class GazetteerLookup:
    """Surface -> entries."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._table = snapshot.gazetteer

    def known(self, surface: str) -> bool:
        """Whether the surface is in the gazetteer."""
        return bool(self.entries(surface))

    def names(self, tokens: Tokens, cased: bool) -> list[Name]:
        """All parts of a text whose surface is in the gazetteer, by first token, then by length: as
        `kg.surfaces.matches`, at once."""
        table, forms = self._table, tokens.forms
        text = " ".join(forms)
        data = text.encode()
        sizes = map(len, forms if len(data) == len(text) else [form.encode() for form in forms])
        named = tokens.named if cased else [True] * len(forms)
        rows, entries = names_in(
            np.frombuffer(data, dtype=np.uint8),
            np.array((list(sizes), named, tokens.alone), dtype=np.int64),
            table.key,
            table.surface.data,
            table.surface.offsets,
            table.entries.indptr,
            table.entries.items,
        )
        meant, found, end = entries.tolist(), [], 0
        for first, last, longest, count in rows.tolist():
            start, end = end, end + count
            found.append(Name(first, last, longest > 0, tuple(meant[start:end])))
        return found

    def entries(self, surface: str) -> tuple[int, ...]:
        """The entries that the surface may mean; none if it is unknown."""
        table, key = self._table, np.uint64(key_of(surface))
        row = int(table.key.searchsorted(key))
        while row < len(table.key) and table.key[row] == key:
            if table.surface[row] == surface:
                return tuple(table.entries.row(row).tolist())
            row += 1
        return ()
