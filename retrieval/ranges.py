"""Many ranges of numbers at once."""

import numpy as np

from kg.snapshot.tables import Longs


def ranges(starts: Longs, counts: Longs) -> Longs:
    """The numbers start..start + count of every range, end to end."""
    total = int(counts.sum())
    offsets = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    numbers: Longs = offsets + np.arange(total)
    return numbers
