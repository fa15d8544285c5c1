"""A text of any length -> pieces of at most so many tokens, in a time that grows with its length.

The splitter looks through all of what is left of a text for each piece, and holds the interpreter
meanwhile. So a long text is shown to it a window at a time. What a window's end may have shaped is
cut again in the next one, which begins where the first such piece does: so the pieces, and what
they repeat of each other, are those of a text that is cut at once. Other threads have their turn
whenever tokens are counted; between windows it is asked whether anybody still wants the text.
"""

import time
from collections.abc import Callable, Iterator

LONG = 100_000
"""Characters: a text that has no more is shown to the splitter whole."""

WINDOW = 20_000
"""Characters of a longer text that it is shown at once, unless a piece may be as long."""
_CHARS_A_TOKEN = 32
"""Of more tokens a window has room, however many make a piece."""
_LOOKAHEAD = 1_000
"""Characters before a window's end: pieces that end there may go on behind it."""


class CalledOff(Exception):
    """Nobody wants the text any more."""


def split(
    text: str,
    *,
    count_tokens: Callable[[str], int],
    room: int,
    overlap: int,
    wanted: Callable[[], bool] = lambda: True,
) -> Iterator[tuple[int, str]]:
    """Where pieces begin, and the pieces, each of at most `room` tokens, without white space at
    their ends; all but the first repeat at most `overlap` tokens of the one before.

    Of a long text no piece is longer than half a window, whatever its tokens: a counter may take
    the longest word for one token. Raises: CalledOff if between windows it is not `wanted`.
    """
    from semantic_text_splitter import TextSplitter

    window = max(WINDOW, room * _CHARS_A_TOKEN)
    if len(text) <= max(LONG, window):
        yield from TextSplitter.from_callback(count_tokens, room, overlap).chunk_indices(text)
        return

    def count(piece: str) -> int:
        time.sleep(0)  # lets go of the interpreter: somebody may wait for an answer
        return count_tokens(piece) if len(piece) * 2 <= window else room + 1

    splitter = TextSplitter.from_callback(count, room, overlap)
    start, reached = 0, 0
    while start < len(text):
        shown = text[start : start + window]
        is_last = start + window >= len(text)
        found = [(start + offset, piece) for offset, piece in splitter.chunk_indices(shown)]
        whole = [one for one in found if is_last or _end(one) <= start + window - _LOOKAHEAD]
        kept = whole or found[:1]
        for one in kept:
            if _end(one) > reached:  # else it says nothing new
                reached = _end(one)
                yield one
        again = found[len(kept) :]
        start = again[0][0] if again else start + len(shown)
        if not is_last and not wanted():
            raise CalledOff


def _end(found: tuple[int, str]) -> int:
    return found[0] + len(found[1])
