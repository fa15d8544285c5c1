"""Texts that stand in several passages: under other titles or headings, as a footer does, or a page
that is published in several places."""

from collections import defaultdict

import numpy as np

from kg.snapshot.container import Strings
from kg.snapshot.tables import Ragged


def copies_among(texts: Strings) -> Ragged:
    """Each text that several of the rows have -> these rows, ascending; in order of the first.

    Texts are equal if they are once white space is collapsed.
    """
    # By their hashes first, for the memory: of most texts there is one.
    hashes = np.fromiter((hash(collapsed(text)) for text in texts), np.int64, len(texts))
    _, which, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    rows: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(counts[which] > 1).tolist():
        rows[collapsed(texts[row])].append(row)
    return Ragged.from_rows([those for those in rows.values() if len(those) > 1])


def collapsed(text: str) -> str:
    """A text with one blank for each run of white space, and none at its ends."""
    return " ".join(text.split())
