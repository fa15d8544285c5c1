"""A document -> passages, cut at the ends of sentences.

A document that fits into one passage stays whole. A longer one is taken apart by its sections
(headings and pages); neighbours are put together again, under the headings that they share, where
one of them is small. What is still too long is cut by semantic-text-splitter: between paragraphs
where it can, else between sentences, else between words (see `indexer.ingestion.splitting`).

A passage's heading is the path of headings above it; a heading's own line leaves the text of the
passage that it begins. Title and heading count towards the limit, since they are embedded with the
text. Where they leave less than half of it, the heading's upper levels go first; a title that is so
long keeps its half all the same, and the passage goes over the limit.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from indexer.ingestion.splitting import split
from kg import ids
from kg.errors import DocumentUnreadable, SettingsInvalid
from kg.records import Document, Passage, Placement
from kg.store import DocumentGraph

CountTokens: TypeAlias = Callable[[str], int]
"""How many tokens the embedder makes of a text."""

SMALL = 4
"""A section of less than this part (1/4) of a passage is put together with its neighbours."""

_MOST_CHARS_A_TOKEN = 100
"""A text of more characters is not counted: it is too long, and counting takes memory."""

_JOINT = " > "
_PARAGRAPHS = re.compile(r"(?:[^\n]+\n?)+")
_LIST_ITEM = re.compile(r"\s*(?:[-*•–|]|\d+[.)])\s")
_WRAPPED_WIDTHS = range(40, 121)
_RAGGED = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A stretch of the text under one heading, on one page (that of its beginning)."""

    start: int
    end: int
    heading: str
    page: int | None


def chunk(
    collection: str,
    document: Document,
    *,
    count_tokens: CountTokens,
    max_tokens: int,
    overlap_tokens: int,
    wanted: Callable[[], bool] = lambda: True,
) -> DocumentGraph:
    """The document with its passages, each of at most `max_tokens` tokens (0: one passage).

    A passage that does not begin a section repeats at most `overlap_tokens` of the one before it.
    `wanted`: asked now and then while a very long text is cut.
    Raises: DocumentUnreadable if there is no text; SettingsInvalid for limits below 0 and for an
    overlap that is not smaller than the limit; CalledOff once it is not `wanted`.
    """
    if max_tokens < 0 or overlap_tokens < 0 or (max_tokens and overlap_tokens >= max_tokens):
        raise SettingsInvalid(
            f"max_tokens = {max_tokens} and overlap_tokens = {overlap_tokens}: neither may be "
            "negative, and the overlap must be smaller than the limit."
        )
    if not document.text.strip():
        raise DocumentUnreadable(f"The document {document.source!r} has no text.")
    chunker = _Chunker(document, count_tokens, max_tokens, overlap_tokens, wanted)
    placements: list[Placement] = []
    passages: dict[str, Passage] = {}
    for part in chunker.parts():
        text = document.text[part.start : part.end]
        id_ = ids.passage_id(collection, document.title, part.heading, text)
        passages[id_] = Passage(id=id_, title=document.title, heading=part.heading, text=text)
        placements.append(
            Placement(
                document_id=document.id,
                ordinal=len(placements),
                passage_id=id_,
                start=part.start,
                end=part.end,
                page=part.page,
            )
        )
    return DocumentGraph(
        document=document, placements=tuple(placements), passages=tuple(passages.values())
    )


class _Chunker:
    """Finds where one document's passages begin and end."""

    def __init__(
        self,
        document: Document,
        count: CountTokens,
        limit: int,
        overlap: int,
        wanted: Callable[[], bool],
    ) -> None:
        self._title = document.title
        self._text = document.text
        self._sections = document.sections
        self._count = count
        self._limit = limit
        self._overlap = overlap
        self._wanted = wanted

    def parts(self) -> Iterator[_Part]:
        """The passages, in order; the text between them is white space and headings' lines."""
        units = list(self._units())
        whole = self._merged(units)
        if self._fits(whole):
            yield self._without_heading(whole)
            return
        for group in self._groups(self._without_empty(units)):
            part = self._without_heading(self._merged(group))
            if self._fits(part):
                yield part
            else:
                yield from self._split(part, group)

    def _units(self) -> Iterator[_Part]:
        """The sections, and the text that lies in none, without white space around them."""
        position = 0
        for section in sorted(self._sections, key=lambda one: one.start):
            start = min(max(section.start, position), len(self._text))
            end = min(max(section.end, start), len(self._text))
            yield from self._stripped(position, start, "", None)
            yield from self._stripped(start, end, section.heading, section.page)
            position = end
        yield from self._stripped(position, len(self._text), "", None)

    def _stripped(self, start: int, end: int, heading: str, page: int | None) -> Iterator[_Part]:
        piece = self._text[start:end]
        start += len(piece) - len(piece.lstrip())
        end = start + len(piece.strip())
        if start < end:
            yield _Part(start=start, end=end, heading=heading, page=page)

    def _merged(self, units: Sequence[_Part]) -> _Part:
        return _Part(
            start=units[0].start,
            end=units[-1].end,
            heading=_common([unit.heading for unit in units]),
            page=units[0].page,
        )

    def _without_empty(self, units: Sequence[_Part]) -> Iterator[_Part]:
        """Leaves out headings with nothing under them but further headings, which name them."""
        for unit, following in zip(units, [*units[1:], None], strict=True):
            is_only_heading = self._text[unit.start : unit.end] == _last(unit.heading)
            if not (
                is_only_heading
                and following is not None
                and following.heading.startswith(unit.heading + _JOINT)
            ):
                yield unit

    def _groups(self, units: Iterator[_Part]) -> Iterator[list[_Part]]:
        """Neighbours of which one is small, as long as they fit into a passage."""
        group: list[_Part] = []
        for unit in units:
            if (
                group
                and (self._is_small(self._merged(group)) or self._is_small(unit))
                and self._fits(self._merged([*group, unit]))
            ):
                group.append(unit)
            else:
                if group:
                    yield group
                group = [unit]
        if group:
            yield group

    def _is_small(self, part: _Part) -> bool:
        if self._is_huge(part):
            return False
        return self._count(self._text[part.start : part.end]) * SMALL < self._limit

    def _is_huge(self, part: _Part) -> bool:
        return part.end - part.start > self._limit * _MOST_CHARS_A_TOKEN

    def _fits(self, part: _Part) -> bool:
        if not self._limit:
            return True
        if self._is_huge(part):
            return False
        text = self._text[part.start : part.end]
        lines = (self._title, part.heading, text)
        return self._count("\n".join(line for line in lines if line)) <= self._limit

    def _without_heading(self, part: _Part) -> _Part:
        """The part without the line of its own heading at its beginning."""
        line, _, rest = self._text[part.start : part.end].partition("\n")
        if line != _last(part.heading) or not rest.strip():
            return part
        start = part.end - len(rest.lstrip())
        return _Part(start=start, end=part.end, heading=part.heading, page=part.page)

    def _split(self, part: _Part, units: Sequence[_Part]) -> Iterator[_Part]:
        heading, room = self._room(part.heading)
        pieces = split(
            _unwrapped(self._text[part.start : part.end]),
            count_tokens=self._count,
            room=room,
            overlap=min(self._overlap, room - 1),
            wanted=self._wanted,
        )
        for offset, piece in pieces:
            start = part.start + offset
            page = next((unit.page for unit in reversed(units) if unit.start <= start), part.page)
            yield from self._stripped(start, start + len(piece), heading, page)

    def _room(self, heading: str) -> tuple[str, int]:
        """The heading, shortened if it must be, and how many tokens title and heading leave."""
        half = max(1, self._limit // 2)
        while True:
            lines = [line for line in (self._title, heading) if line]
            room = self._limit - (self._count("\n".join(lines) + "\n") if lines else 0)
            if room >= half or not heading:
                return heading, max(room, half)
            heading = heading.partition(_JOINT)[2]


def _common(headings: Sequence[str]) -> str:
    """The path that all of these paths begin with."""
    paths = [heading.split(_JOINT) for heading in headings]
    shared = []
    for names in zip(*paths, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return _JOINT.join(shared)


def _last(heading: str) -> str:
    return heading.rpartition(_JOINT)[2]


def _unwrapped(text: str) -> str:
    """The text, of the same length, with spaces for the line ends that only a width has made.

    The splitter takes every line end for a better place to cut than the end of a sentence.
    """
    return _PARAGRAPHS.sub(_unwrap, text)


def _unwrap(paragraph: re.Match[str]) -> str:
    lines = paragraph[0].rstrip("\n").split("\n")
    widths = [len(line) for line in lines[:-1]]
    if (
        not widths
        or min(widths) not in _WRAPPED_WIDTHS
        or max(widths) not in _WRAPPED_WIDTHS
        or max(widths) - min(widths) > _RAGGED
        or any(map(_LIST_ITEM.match, lines))
        or len({line.split(maxsplit=1)[0] for line in lines if line.strip()}) == 1
    ):
        return paragraph[0]
    return " ".join(lines) + paragraph[0][len("\n".join(lines)) :]
