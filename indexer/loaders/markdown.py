"""Markdown: its text without the marks, its headings as sections.

The title is the front matter's, else the heading of level 1 if there is one and it comes first,
else the file's name. Front matter (YAML between two lines of "---") may also give `observed_at` or
`date`, and `source`-like fields as metadata.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import yaml

from indexer.loaders.blocks import Blocks
from indexer.loaders.clean import clean_json, clean_line, clean_text
from indexer.loaders.content import Content
from indexer.loaders.dates import parse_date
from indexer.loaders.decode import decode
from kg.errors import DocumentUnreadable
from kg.records import SourceDocument

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_FRONT_MATTER_CHARS = 64_000

_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_TAGS = re.compile(r"<!--.*?(?:-->|\Z)|<[^<>]*>", re.DOTALL)
"""A comment that is never closed ends with the text, as in HTML; and no search reads twice what
another one has read, however many marks are left open."""
_SILENT = re.compile(r"\s*<(script|style)\b", re.IGNORECASE)


def read_markdown(content: Content) -> Iterator[SourceDocument]:
    """One document. Raises: DocumentUnreadable."""
    fields, body = split_front_matter(decode(content.data, content.source))
    blocks = Blocks()
    _Walker(blocks).walk(_tokens(body))
    stated = fields.pop("title", None)
    title = blocks.take_title(clean_line(str(stated)) if stated else "")
    text, sections = blocks.finish()
    if not text:
        raise DocumentUnreadable(f"{content.source!r} is empty: it has only a title.")
    observed_at = None
    for name in ("observed_at", "date"):
        found = parse_date(fields.get(name))
        if found is not None:
            observed_at = observed_at or found
            del fields[name]
    yield SourceDocument(
        source=content.source,
        title=title or content.stem,
        text=text,
        sections=sections,
        metadata={clean_text(name): clean_json(value) for name, value in fields.items()},
        observed_at=observed_at,
        media_type="text/markdown",
    )


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """The fields before the text, and the text; no fields if what is there is no YAML mapping."""
    match = _FRONT_MATTER.match(text)
    if match is None or len(match[1]) > MAX_FRONT_MATTER_CHARS:
        return {}, text
    try:
        fields = yaml.load(match[1], Loader=_PlainLoader)  # noqa: S506  (a SafeLoader without aliases)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, text
    if not isinstance(fields, Mapping):
        return {}, text
    return {str(name): value for name, value in fields.items()}, text[match.end() :]


class _PlainLoader(yaml.SafeLoader):
    """Safe YAML without aliases, which could unfold to any size."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not supported")
        return super().compose_node(parent, index)


def _tokens(text: str) -> "Sequence[Token]":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table").parse(text)


class _Walker:
    """Hands each block of the text over."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._lists: list[str] = []
        """The mark of each list that is open; '' if its items are numbered."""
        self._marker = ""
        self._cells: list[str] | None = None
        self._level = 0

    def walk(self, tokens: "Sequence[Token]") -> None:
        for token in tokens:
            match token.type:
                case "heading_open":
                    self._level = int(token.tag[1:])
                case "inline":
                    self._inline(_plain(token))
                case "fence" | "code_block":
                    self._block(token.content.strip("\n"))
                case "html_block" if not _SILENT.match(token.content):
                    self._blocks.paragraph(_TAGS.sub("", token.content))
                case _:
                    self._list_or_table(token)

    def _list_or_table(self, token: "Token") -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append("-" if token.type == "bullet_list_open" else "")
            case "list_item_open":
                self._marker = f"{self._lists[-1] or token.info + '.'} "
            case "tr_open":
                self._cells = []
            case "tr_close":
                self._blocks.line(" | ".join(self._cells or ()))
                self._cells = None
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._end_lines()
            case "table_close":
                self._end_lines()

    def _inline(self, text: str) -> None:
        if self._level:
            self._blocks.heading(self._level, text)
            self._level = 0
        elif self._cells is not None:
            self._cells.append(text)
        else:
            self._block(text)

    def _block(self, text: str) -> None:
        if self._lists:
            indent = "  " * (len(self._lists) - 1)
            self._blocks.line(f"{indent}{self._marker or '  '}{text}")
            self._marker = ""
        else:
            self._blocks.paragraph(text)

    def _end_lines(self) -> None:
        if not self._lists:
            self._blocks.end_lines()


def _plain(token: "Token") -> str:
    """The text of a paragraph: of links and pictures what is shown, no tags."""
    parts: list[str] = []
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline":
                parts.append(child.content)
            case "image":
                parts.append(_plain(child))
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
    return "".join(parts)
