"""Web pages: the main text without navigation, found by trafilatura.

On small or unusual pages trafilatura finds nothing, or loses headings and lists; then, and where
the page itself marks its one main part (`main` or `article`), the elements are read as they stand.
The date that the page states for itself is when it was observed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from indexer.loaders.blocks import Blocks
from indexer.loaders.clean import clean_line
from indexer.loaders.content import Content
from indexer.loaders.dates import parse_date
from indexer.loaders.decode import decode
from indexer.loaders.html_blocks import walk
from kg.errors import DocumentUnreadable
from kg.records import SourceDocument

_HEAD_BYTES = 4_000
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


def read_html(content: Content) -> Iterator[SourceDocument]:
    """One document. Raises: DocumentUnreadable."""
    page = decode(content.data, content.source, declared_in=content.data[:_HEAD_BYTES])
    page = _DECLARATION.sub("", page, count=1)
    tree = _parse(page)
    stated = _metadata(page) if tree is not None else None
    blocks = _blocks(page, tree) if tree is not None else Blocks()
    title = blocks.take_title()
    if stated is not None and not title:
        title = blocks.take_title(clean_line(stated.title or ""))
    text, sections = blocks.finish()
    if not text:
        raise DocumentUnreadable(
            f"{content.source!r} has no text: it has no body, or only navigation."
        )
    yield SourceDocument(
        source=content.source,
        title=title or content.stem,
        text=text,
        sections=sections,
        metadata={
            name: clean_line(value)
            for name in ("author", "url", "sitename")
            if stated is not None and (value := getattr(stated, name))
        },
        observed_at=parse_date(stated.date) if stated is not None else None,
        media_type="text/html",
    )


def _parse(page: str) -> Any:
    """The page's tree; None if there is none."""
    from lxml import etree, html

    try:
        return html.document_fromstring(page, ensure_head_body=True)
    except (etree.LxmlError, ValueError):
        return None


def _metadata(page: str) -> Any:
    """Title, author, date and so on as the page states them."""
    from trafilatura.metadata import extract_metadata

    return extract_metadata(
        page, date_config={"extensive_search": False, "original_date": True, "url": None}
    )


def _blocks(page: str, tree: Any) -> Blocks:
    blocks = Blocks()
    mains = tree.findall(".//main") or tree.findall(".//article")
    if len(mains) == 1:
        walk(mains[0], blocks)
        if blocks.finish()[0]:
            return blocks
    body = _main_text(page)
    blocks = Blocks()
    if body is not None:
        walk(body, blocks, silent=())
        return blocks
    walk(tree.find("body"), blocks)
    return blocks


def _main_text(page: str) -> Any:
    """The main text as trafilatura's tree; None if it found none or lost the page's structure."""
    from trafilatura import bare_extraction

    found = bare_extraction(page, favor_recall=True, include_comments=False, with_metadata=False)
    body = getattr(found, "body", None)
    return body if body is not None and len(body) > 1 else None
