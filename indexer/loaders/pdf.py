"""PDF, through pypdfium2: a section for each page, with its number.

The title is the one in the file's properties, unless a program put its own there, else the file's
name. Where it opens the first page it leaves the text. Lines that the page's width broke are joined
again.
"""

import re
import threading
from collections.abc import Iterator
from typing import Any

from indexer.loaders.blocks import Blocks
from indexer.loaders.clean import clean_line
from indexer.loaders.content import Content
from kg.errors import DocumentUnreadable
from kg.records import SourceDocument

_PDFIUM = threading.Lock()
"""PDFium is not safe for two threads at once, not even with a document each."""

_HYPHEN = re.compile("[\ufffe\x02]\\s*")
_NO_TITLE = re.compile(r"untitled|\(?anonymous\)?|unspecified|.*\.\w{2,4}|microsoft \w+ - .*", re.I)
_ENDS_LINE = frozenset('.!?:;。！？…؟।"”»)」')
_SHORT_LINE = 0.6
"""A line shorter than this part of the page's longest ends where its author ended it."""


def read_pdf(content: Content) -> Iterator[SourceDocument]:
    """One document. Raises: DocumentUnreadable."""
    with _PDFIUM:
        title, pages = _read(content)
    blocks = Blocks()
    for number, page in enumerate(pages, start=1):
        blocks.page(number)
        paragraphs = _paragraphs(page)
        if number == 1 and title and paragraphs[:1] == [title] and len(paragraphs) > 1:
            paragraphs = paragraphs[1:]
        for paragraph in paragraphs:
            blocks.paragraph(paragraph)
    text, sections = blocks.finish()
    if not text:
        raise DocumentUnreadable(
            f"{content.source!r} has no text: its {len(pages):,} pages are images or empty. Run "
            "text recognition (OCR) on it first."
        )
    yield SourceDocument(
        source=content.source,
        title=title or content.stem,
        text=text,
        sections=sections,
        media_type="application/pdf",
    )


def _read(content: Content) -> tuple[str, list[str]]:
    """The title, '' if it has none, and each page's text."""
    document = _open(content)
    try:
        if len(document) > content.limits.max_pages:
            raise DocumentUnreadable(
                f"{content.source!r} has {len(document):,} pages; at most "
                f"{content.limits.max_pages:,} are allowed. Split it."
            )
        return _title(document), [_page_text(document, number) for number in range(len(document))]
    finally:
        document.close()


def _open(content: Content) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(content.data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentUnreadable(
                f"{content.source!r} is encrypted. Save it without a password."
            ) from error
        raise DocumentUnreadable(f"{content.source!r} is not a PDF, or is damaged.") from error


def _page_text(document: Any, number: int) -> str:
    """A page's text; a page that is damaged has none."""
    import pypdfium2

    try:
        page = document[number]
        try:
            return str(page.get_textpage().get_text_bounded())
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return ""


def _title(document: Any) -> str:
    title = clean_line(document.get_metadata_dict().get("Title", ""))
    return "" if _NO_TITLE.fullmatch(title) else title


def _paragraphs(text: str) -> list[str]:
    """The page's text with the lines joined that its width broke."""
    text = _HYPHEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = [line.strip() for line in text.split("\n")]
    short = _SHORT_LINE * max(map(len, lines))
    paragraphs = [""]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        paragraphs[-1] += line
        if not line or not following or _is_break(line, following, short):
            paragraphs.append("")
        else:
            paragraphs[-1] += "" if _is_wide(line[-1]) else " "
    return [paragraph for paragraph in paragraphs if paragraph]


def _is_break(line: str, following: str, short: float) -> bool:
    """Whether a paragraph ends between two lines: after a short line, or before a heading."""
    ends = line[-1] in _ENDS_LINE
    if len(line) < short and (ends or not following[0].islower()):
        return True
    is_heading = len(following) < short and following[-1] not in _ENDS_LINE
    return ends and is_heading and following[0].isupper()


def _is_wide(char: str) -> bool:
    """Whether it belongs to a script without spaces between words."""
    return "\u2e80" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef"
