"""Bytes -> text: by byte-order mark, as UTF-8, by a declared encoding, or by a guess."""

import codecs
import re
from typing import TYPE_CHECKING

from indexer.loaders.clean import clean_text
from kg.errors import DocumentUnreadable

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

SAMPLE_BYTES = 200_000
"""How much of a file the guess looks at."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\x80-\x84\x86-\x9f]")
_COMMON = "cp1252"
_OTHER_LATIN = ("cp1250", "cp1254", "cp1257", "iso8859_2", "iso8859_9", "iso8859_16")
_FOREIGN = re.compile(rb"[\x80-\xff]")
_ROW = re.compile(rb"[\x80-\xff]{2,}")
_NOT_COMMON = re.compile(
    rb"[\x81\x8d\x8f\x90\x9d]|"
    rb"(?<=[A-Za-z])[\x80\x82-\x84\x86-\x89\x8b\x91\x93-\x95\x98\x99\x9b](?=[A-Za-z])"
)
_MAX_FOREIGN = 0.25
_MAX_IN_ROWS = 0.5
_SURE = 0.2
_MAX_CONTROLS = 0.02
_FEW_CONTROLS = 2
_MAX_BROKEN = 0.01


def decode(data: bytes, source: str, *, declared_in: bytes = b"") -> str:
    """The text of a file, cleaned (`clean_text`).

    `declared_in` is where a declaration such as "charset=…" may stand.
    Raises: DocumentUnreadable if it is no text, or is blank.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise DocumentUnreadable(f"{source!r} is empty.")
    text = _decode(data, declared_in)
    if text is None or _is_binary(text[:SAMPLE_BYTES]):
        raise DocumentUnreadable(
            f"{source!r} is not text: it looks like binary data, or its encoding is unknown. "
            "Save it as UTF-8."
        )
    text = clean_text(text)
    if not text.strip():
        raise DocumentUnreadable(f"{source!r} is empty.")
    return text


def _is_binary(sample: str) -> bool:
    return len(_CONTROLS.findall(sample)) > max(_FEW_CONTROLS, _MAX_CONTROLS * len(sample))


def _decode(data: bytes, declared_in: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    wide = _wide(data)
    if wide:
        return data.decode(wide, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.search(declared_in)
    if declared is not None:
        try:
            return data.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return _mostly_utf8(data) or _guess(data)


def _wide(data: bytes) -> str:
    """UTF-16 without a mark: its spaces and ASCII letters have a zero in one byte of the two."""
    sample = data[:2000]
    zeros = sample[0::2].count(0), sample[1::2].count(0)
    if min(zeros) == 0 and max(zeros) > max(2, 0.02 * len(sample)):
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    return ""


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 with a few broken characters, which another encoding would turn all to nonsense."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    foreign = sum(not char.isascii() for char in text[:SAMPLE_BYTES])
    return text if broken <= max(1, _MAX_BROKEN * foreign) and foreign > 2 * broken else None


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    sample = data[:SAMPLE_BYTES]
    if b"\x00" in sample:
        return None
    if len(sample) < len(data):
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    matches = list(from_bytes(sample))
    if not matches:
        return None
    best = matches[0]
    if _has_latin_script(sample) and not _is_other_latin(best):
        return data.decode(_COMMON, "replace")
    # Where several fit equally well, it is most likely the one that is most in use.
    for match in matches:
        equal = (match.chaos, match.coherence) == (best.chaos, best.coherence)
        if equal and _COMMON in match.could_be_from_charset:
            return data.decode(_COMMON, "replace")
    return data.decode(best.encoding, "replace")


def _has_latin_script(sample: bytes) -> bool:
    """Whether it looks as western Europe writes: few letters beyond ASCII, each amid ASCII ones.

    In other scripts they come in rows. A sign inside a word that cp1252 has as punctuation is a
    letter of another encoding, say of DOS.
    """
    foreign = len(_FOREIGN.findall(sample))
    in_rows = sum(len(row) for row in _ROW.findall(sample))
    few = foreign <= _MAX_FOREIGN * len(sample) and in_rows <= _MAX_IN_ROWS * foreign
    return few and _NOT_COMMON.search(sample) is None


def _is_other_latin(best: "CharsetMatch") -> bool:
    """Whether the guess is eastern Europe's encoding, cp1252 does not do as well, and it is sure.

    One of DOS or of mainframes is always a bad guess for such text.
    """
    sure = best.coherence >= _SURE and _COMMON not in best.could_be_from_charset
    return sure and best.encoding in _OTHER_LATIN
