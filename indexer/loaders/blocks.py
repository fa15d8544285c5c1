"""A document's text, put together from headings, paragraphs and pages.

Blocks are joined by a blank line (lines of a list or a table by a line end). Headings stand in the
text as lines of their own, and each heading, and each page, begins a section.
"""

from dataclasses import dataclass, replace

from indexer.loaders.clean import clean_line, clean_text
from kg.records import Section


@dataclass(frozen=True, kw_only=True, slots=True)
class _Block:
    text: str
    path: tuple[str, ...]
    page: int | None = None
    level: int = 0
    """The heading's level from 1; 0 if it is no heading."""
    tight: bool = False
    """Whether it stands on the line after the block before."""


class Blocks:
    """Collects blocks in their order, then gives title, text and sections."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._open: list[tuple[int, str]] = []
        self._page: int | None = None
        self._in_lines = False

    def heading(self, level: int, text: str) -> None:
        """A heading; 1 is the highest level. It closes those of its level and below."""
        text = clean_line(text)
        self._in_lines = False
        if text:
            self._open = [(depth, name) for depth, name in self._open if depth < level]
            self._open.append((level, text))
            self._add(text, level=level)

    def paragraph(self, text: str) -> None:
        """A paragraph, with line ends if it has any."""
        self._in_lines = False
        self._add(text)

    def line(self, text: str) -> None:
        """A line of a list or a table."""
        if text.strip():
            self._add(text, tight=self._in_lines)
            self._in_lines = True

    def end_lines(self) -> None:
        """The list or table is over."""
        self._in_lines = False

    def page(self, number: int) -> None:
        """What follows stands on this page, counted from 1."""
        self._page = number

    def _add(self, text: str, *, level: int = 0, tight: bool = False) -> None:
        text = clean_text(text).strip("\n").rstrip()
        if not text:
            return
        path = tuple(name for _, name in self._open)
        self._blocks.append(_Block(text=text, path=path, page=self._page, level=level, tight=tight))

    def take_title(self, title: str = "") -> str:
        """The title: `title` if given, else the only heading of level 1 if it comes first, else ''.

        A first heading that is the title leaves the text and the paths of headings.
        """
        first = self._blocks[0] if self._blocks else None
        if first is None or not first.level:
            return title
        is_only = sum(block.level == 1 for block in self._blocks) == 1 and first.level == 1
        if first.text.casefold() != title.casefold() if title else not is_only:
            return title
        self._blocks = [
            replace(block, path=block.path[1:]) if block.path[:1] == first.path else block
            for block in self._blocks[1:]
        ]
        return title or first.text

    def finish(self) -> tuple[str, tuple[Section, ...]]:
        """The text, and its sections in order; none if there are no headings and no pages."""
        parts: list[str] = []
        sections: list[Section] = []
        length = 0
        for block in self._blocks:
            if parts:
                joint = "\n" if block.tight else "\n\n"
                parts.append(joint)
                length += len(joint)
            heading = " > ".join(block.path)
            start, end = length, length + len(block.text)
            last = sections[-1] if sections else None
            if last is not None and (last.heading, last.page) == (heading, block.page):
                start = last.start
                sections.pop()
            sections.append(Section(start=start, end=end, heading=heading, page=block.page))
            parts.append(block.text)
            length = end
        if all(not section.heading and section.page is None for section in sections):
            sections = []
        return "".join(parts), tuple(sections)
