"""Looking names up in a snapshot's gazetteer."""

from typing import TypeAlias

import numpy as np

from kg.snapshot import Snapshot
from kg.surfaces import key_of
from kg.tokens import Tokens
from retrieval.loops.surfaces import names_in

Name: TypeAlias = tuple[int, int, tuple[int, ...]]
"""A part of a text that the gazetteer knows: the numbers of its first and last token, and the
entries that it may mean."""


class GazetteerLookup:
    """Surface -> entries."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._table = snapshot.gazetteer

    def known(self, surface: str) -> bool:
        """Whether the surface is in the gazetteer."""
        return bool(self.entries(surface))

    def names(self, tokens: Tokens, cased: bool) -> tuple[list[Name], list[int]]:
        """Of the parts of a text whose surface is in the gazetteer (as `kg.surfaces.matches`, at
        once), the longest that do not overlap; of equally long ones, the earlier. And what all
        of them may mean, by first token, then by length.
        """
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
        longest, meant, end = list[Name](), entries.tolist(), 0
        for first, last, is_longest, count in rows.tolist():
            start, end = end, end + count
            if is_longest:
                longest.append((first, last, tuple(meant[start:end])))
        return longest, meant

    def entries(self, surface: str) -> tuple[int, ...]:
        """The entries that the surface may mean; none if it is unknown."""
        table, key = self._table, np.uint64(key_of(surface))
        row = int(table.key.searchsorted(key))
        while row < len(table.key) and table.key[row] == key:
            if table.surface[row] == surface:
                return tuple(table.entries.row(row).tolist())
            row += 1
        return ()
