"""Sentences of a passage, as offsets: what the walk compares a question with."""

import re

_SCRIPTS = (
    ("zh", re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
)
_MIN_CHARS = 12
"""A shorter piece ('[citation needed]', 'Sir.') belongs to the sentence before it."""
_MIN_DENSE_CHARS = 4
"""The same for scripts that say a word in a character or two."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, white space around it left out; one at least.

    Lines end sentences too. Boundaries by sentencex, its language chosen by the text's script.
    """
    language = _language(text)
    shortest = _MIN_DENSE_CHARS if language == "zh" else _MIN_CHARS
    spans: list[tuple[int, int]] = []
    for start, end in _pieces(text, language):
        if spans and end - start < shortest and "\n" not in text[spans[-1][1] : start]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans or [(0, len(text))]


def _pieces(text: str, language: str) -> list[tuple[int, int]]:
    import sentencex

    pieces: list[tuple[int, int]] = []
    for boundary in sentencex.get_sentence_boundaries(language, text):
        offset = boundary["start_index"]
        for line in text[offset : boundary["end_index"]].splitlines(keepends=True):
            stripped = line.strip()
            if stripped:
                start = offset + line.index(stripped)
                pieces.append((start, start + len(stripped)))
            offset += len(line)
    return pieces


def _language(text: str) -> str:
    """The language whose rules fit the script that most of the text is in; English otherwise."""
    counts = {language: len(script.findall(text)) for language, script in _SCRIPTS}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] * 3 > len(text) else "en"
