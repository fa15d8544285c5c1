"""Zip files that are looked over before a library opens them."""

import io
import lzma
import zipfile
import zlib

from indexer.loaders.content import Content
from kg.errors import DocumentUnreadable

MAX_PARTS = 10_000
SMALL_BYTES = 10_000_000
"""Up to this much, a file may expand as far as it likes."""

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    EOFError,
    OSError,
    ValueError,
)
"""All that the standard library raises for zip files that are broken."""

_STEP = 1 << 20
_XML = (".xml", ".rels")
_DECLARATIONS = tuple(
    word.encode(encoding)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("ascii", "utf-16-le", "utf-16-be")
)


def check_archive(content: Content) -> frozenset[str]:
    """The names of the parts of a zip file, all of which unpack within the limits.

    XML parts may declare no entities, which could unfold to any size or read other files.
    Raises: DocumentUnreadable.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content.data)) as archive:
            return _check(archive, content)
    except _DAMAGE as error:
        raise DocumentUnreadable(f"{content.source!r} is damaged: {error}.") from error
    except RuntimeError as error:  # zipfile's way to ask for a password
        raise DocumentUnreadable(
            f"{content.source!r} is encrypted. Save it without a password."
        ) from error


def _check(archive: zipfile.ZipFile, content: Content) -> frozenset[str]:
    limits, parts = content.limits, archive.infolist()
    allowed = min(
        limits.max_expanded_bytes,
        max(SMALL_BYTES, limits.max_expansion * len(content.data)),
    )
    if len(parts) > MAX_PARTS:
        raise DocumentUnreadable(f"{content.source!r} has more than {MAX_PARTS:,} parts.")
    left = allowed
    if sum(part.file_size for part in parts) > allowed:
        raise _too_large(content, allowed)
    for part in parts:
        with archive.open(part) as stream:
            tail = b""
            while piece := stream.read(_STEP):
                left -= len(piece)
                if left < 0:
                    raise _too_large(content, allowed)
                if part.filename.lower().endswith(_XML):
                    _refuse_entities(tail + piece, content)
                    tail = piece[-20:]
    return frozenset(part.filename for part in parts)


def _too_large(content: Content, allowed: int) -> DocumentUnreadable:
    return DocumentUnreadable(
        f"{content.source!r} unpacks to more than the {allowed:,} bytes that are allowed for a "
        "file of its size."
    )


def _refuse_entities(data: bytes, content: Content) -> None:
    upper = data.upper()
    if any(word in upper for word in _DECLARATIONS):
        raise DocumentUnreadable(
            f"{content.source!r} declares XML entities, which are not allowed. Save it again "
            "from Word."
        )
