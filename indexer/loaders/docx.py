"""Word documents (.docx), through mammoth's HTML.

The title is the paragraph in the style "Title", else the one heading of level 1 that comes first,
else the one in the document's properties, else the file's name. Pictures are left out.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import ParseError

from indexer.loaders.archive import check_archive
from indexer.loaders.blocks import Blocks
from indexer.loaders.clean import clean_line
from indexer.loaders.content import Content
from indexer.loaders.html_blocks import walk
from kg.errors import DocumentUnreadable
from kg.records import SourceDocument

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_PROPERTIES = "docProps/core.xml"
_OLD_WORD = b"\xd0\xcf\x11\xe0"
_STYLES = "word/styles.xml"
_TEXT = (".xml", ".rels")
_LOOKS = ("docDefaults", "latentStyles", "rPr", "tblPr", "tblStylePr", "tcPr", "trPr")
"""Elements of styles that say what text looks like, and nothing of what it is."""


def read_docx(content: Content) -> Iterator[SourceDocument]:
    """One document. Raises: DocumentUnreadable."""
    if content.data.startswith(_OLD_WORD):
        raise DocumentUnreadable(
            f"{content.source!r} is encrypted or in Word's old format. Save it as .docx without a "
            "password."
        )
    parts = check_archive(content)
    if not any(name.startswith("word/") for name in parts):
        raise DocumentUnreadable(f"{content.source!r} is a zip file but not a Word document.")
    body = _body(content)
    blocks = Blocks()
    titles = [element for element in body.iterchildren("h1") if element.get("class") == "title"]
    for element in titles[1:]:
        element.tag = "p"
    stated = clean_line("".join(titles[0].itertext())) if titles else ""
    if titles:
        body.remove(titles[0])
    walk(body, blocks)
    title = blocks.take_title(stated)
    text, sections = blocks.finish()
    if not text:
        raise DocumentUnreadable(f"{content.source!r} has no text.")
    yield SourceDocument(
        source=content.source,
        title=title or _title_in_properties(content, parts) or content.stem,
        text=text,
        sections=sections,
        media_type=MEDIA_TYPE,
    )


def _body(content: Content) -> Any:
    """The document as the body of an HTML page."""
    import mammoth
    from lxml import html

    try:
        result = mammoth.convert_to_html(
            _lean(content.data),
            style_map="p[style-name='Title'] => h1.title:fresh",
            convert_image=mammoth.images.img_element(lambda _: {}),
        )
    except (KeyError, ValueError, AttributeError, TypeError, OSError, SyntaxError) as error:
        raise DocumentUnreadable(f"{content.source!r} is a damaged Word document.") from error
    return html.document_fromstring(f"<html><body>{result.value}</body></html>").find("body")


def _lean(data: bytes) -> io.BytesIO:
    """The document without its pictures and the looks of its styles.

    What styles look like is most of a short document, and most of mammoth's time with it.
    """
    from lxml import etree

    lean = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(lean, "w") as kept:
        for name in dict.fromkeys(archive.namelist()):
            if not name.lower().endswith(_TEXT):
                continue
            part = archive.read(name)
            if name == _STYLES:
                styles = etree.fromstring(part, etree.XMLParser(resolve_entities=False))
                etree.strip_elements(styles, *(f"{{*}}{look}" for look in _LOOKS))
                part = etree.tostring(styles)
            kept.writestr(name, part)
    lean.seek(0)
    return lean


def _title_in_properties(content: Content, parts: frozenset[str]) -> str:
    from lxml import etree

    if _PROPERTIES not in parts:
        return ""
    with zipfile.ZipFile(io.BytesIO(content.data)) as archive:
        data = archive.read(_PROPERTIES)
    try:
        return clean_line(
            etree.fromstring(data, etree.XMLParser(resolve_entities=False)).findtext(_TITLE) or ""
        )
    except (etree.LxmlError, ParseError):
        return ""
