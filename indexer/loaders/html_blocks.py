"""Elements -> blocks: for HTML, and for the few tags of TEI that trafilatura puts out."""

import re
from typing import Any

from indexer.loaders.blocks import Blocks

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LINES = frozenset({"li", "item", "dt", "dd"})
_CELLS = frozenset({"td", "th", "cell"})
_ROWS = frozenset({"tr", "row"})
_GROUPS = frozenset({"ul", "ol", "dl", "list", "table"})
_VERBATIM = frozenset({"pre"})
_BREAKS = frozenset({"br", "lb"})
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code data del dfn em font hi i ins kbd label mark q ref
    rp rt ruby s samp small span strike strong sub sup time tt u var wbr""".split()
)
_SILENT = (
    "script", "style", "template", "noscript", "head", "nav", "header", "footer", "aside", "form",
    "button", "select", "iframe", "svg", "object", "audio", "video", "canvas", "math",
)  # fmt: skip
_BREAK = "\x00"
_SPACE = re.compile(r"[^\S\x00]+")


def walk(root: Any, blocks: Blocks, *, silent: tuple[str, ...] = _SILENT) -> None:
    """Hand the text of an lxml element over, block by block; `silent` elements are left out.

    Changes the element.
    """
    from lxml import etree

    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    etree.strip_elements(root, *(tag for tag in silent if tag != root.tag), with_tail=False)
    walker = _Walker(blocks)
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            walker.start(element)
        else:
            walker.end(element)
            if element is not root:
                walker.text(element.tail)
    walker.flush()


class _Walker:
    """Collects the text between two block elements."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._parts: list[str] = []
        self._cells: list[str] | None = None
        self._lists = 0
        self._marker = ""
        self._verbatim = 0

    def start(self, element: Any) -> None:
        tag = element.tag
        if tag in _BREAKS:
            self._parts.append(_BREAK)
        elif tag in _ROWS:
            self.flush()
            self._cells = []
        elif tag in _GROUPS:
            self.flush()
            self._lists += 1
        elif tag not in _INLINE:
            self.flush()
            self._verbatim += tag in _VERBATIM
            if tag in _LINES:
                self._marker = "- " if tag in ("li", "item") else ""
        self.text(element.text)

    def text(self, text: str | None) -> None:
        if text:
            self._parts.append(text.replace("\n", _BREAK) if self._verbatim else text)

    def end(self, element: Any) -> None:
        tag = element.tag
        level = _heading_level(element)
        if level:
            self._blocks.heading(level, self._take().replace("\n", " "))
        elif tag in _CELLS and self._cells is not None:
            self._cells.append(self._take().replace("\n", " "))
        elif tag in _ROWS and self._cells is not None:
            cells, self._cells = self._cells, None
            self._blocks.line(" | ".join(cells))
        elif tag in _GROUPS:
            self.flush()
            self._lists -= 1
            if not self._lists:
                self._blocks.end_lines()
        elif tag not in _INLINE and tag not in _BREAKS:
            self.flush()
            self._verbatim -= tag in _VERBATIM

    def flush(self) -> None:
        """The block is over, unless it stands in a cell of a table."""
        if self._cells is not None:
            self._parts.append(" ")
            return
        text = self._take()
        if text and self._lists:
            self._blocks.line(f"{'  ' * (self._lists - 1)}{self._marker}{text}")
            self._marker = ""
        elif text:
            self._blocks.paragraph(text)

    def _take(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        if self._verbatim:
            return text.replace(_BREAK, "\n").strip("\n")
        lines = _SPACE.sub(" ", text).split(_BREAK)
        return "\n".join(line.strip() for line in lines).strip()


def _heading_level(element: Any) -> int:
    if element.tag == "head":
        return _HEADINGS.get(element.get("rend", ""), 2)
    return _HEADINGS.get(element.tag, 0)
