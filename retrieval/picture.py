"""Receipts as a picture: the part of the graph that led to the passages, as SVG.

From left to right: the question; its clauses and names; the passages that the walk came from; the
names that it went through; the passages that are explained. If a passage that the walk came from
was itself reached through a name, that name and the passage before it have two more columns. The
width of a line shows its share of the score of the passages it leads to.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias
from xml.sax.saxutils import escape

from retrieval.picture_labels import drawable, is_right_to_left, two_lines
from retrieval.receipt import TAKEN_OFF, Giver, Receipt, named

QUESTION, SOURCE, EARLIER, FIRST_BRIDGE, ORIGIN, BRIDGE, PASSAGE = range(7)
"""The columns."""
_ROWS = 7
"""The most nodes in a column; lighter ones are left out."""
_FAINTEST = 0.04
"""Lines and nodes that carry less of a passage's score are left out."""
_COLUMN, _ROW, _WIDTH, _HEIGHT, _MARGIN = 250, 64, 180, 38, 24
_WIDEST = 16.0
_LANE = 12
_HEADINGS = (
    "question",
    "clauses and names",
    "came from",
    "went through",
    "came from",
    "went through",
    "found",
)
_STYLE = """
svg { background: #ffffff; font: 12px system-ui, "Noto Sans", sans-serif; }
rect { fill: #f4f6f8; stroke: #5b6b7a; rx: 6; }
.c3 rect, .c5 rect { fill: #fdf3dc; stroke: #a97b16; } .c6 rect { fill: #e2f2e6; stroke: #2e7d43; }
text { fill: #1b2733; text-anchor: middle; }
.heading { fill: #5b6b7a; font-size: 11px; } path { fill: none; stroke: #4a7fb5; opacity: 0.55; }
@media (prefers-color-scheme: dark) {
svg { background: #14191f; } rect { fill: #222b35; stroke: #8fa1b3; }
.c3 rect, .c5 rect { fill: #3a3016; stroke: #d9ab45; } .c6 rect { fill: #1c3524; stroke: #63b97c; }
text { fill: #e8edf2; } .heading { fill: #9db0c2; } path { stroke: #7fb2e6; }
}
"""

Key: TypeAlias = tuple[int, str]
"""Identifies a node: its column, and a key within the column."""
Node: TypeAlias = tuple[Key, str]
"""A node and its label."""
Place: TypeAlias = tuple[int, int]
"""The upper left corner of a node."""


@dataclass(slots=True)
class _Graph:
    """What is drawn: the labels of nodes, and the amount that each line carries."""

    labels: dict[Key, str] = field(default_factory=dict)
    lines: dict[tuple[Key, Key], float] = field(default_factory=lambda: defaultdict(float))

    def add(self, way: Sequence[Node], amount: float) -> None:
        """Add an amount to the lines along a path of nodes, given with their labels."""
        self.labels.update(way)
        for (one, _), (other, _) in pairwise(way):
            self.lines[one, other] += amount


def picture(question: str, receipts: Sequence[Receipt]) -> str:
    """An SVG document that shows why these passages are where they are."""
    graph = _graph(question, receipts)
    shown = _heaviest(graph)
    columns = sorted({column for column, _ in shown})
    places = _places(shown, columns)
    lines = {
        ends: amount
        for ends, amount in graph.lines.items()
        if amount >= _FAINTEST and set(ends) <= places.keys()
    }
    drawn, bottom = _lines(lines, places)
    width = 2 * _MARGIN + (len(columns) - 1) * _COLUMN + _WIDTH
    height = bottom + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        f"<title>{escape(drawable(question))}</title>",
        f"<style>{_STYLE}</style>",
        *(
            f'<text class="heading" x="{_MARGIN + place * _COLUMN + _WIDTH / 2:.0f}" '
            f'y="{_MARGIN}">{_HEADINGS[column]}</text>'
            for place, column in enumerate(columns)
        ),
        *drawn,
        *(_node(key, places[key], graph.labels[key]) for key in shown),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _graph(question: str, receipts: Iterable[Receipt]) -> _Graph:
    graph, start = _Graph(), ((QUESTION, ""), question)
    graph.labels.update([start])
    for receipt in receipts:
        end = (PASSAGE, receipt.passage_id), f"{receipt.rank}. {named(receipt)}"
        graph.labels.update([end])
        share = 1 / receipt.given if receipt.given else 0.0
        for part in receipt.direct:
            if part.kind not in TAKEN_OFF:
                way = [start, *_source(part.kind, part.label), end]
                graph.add(way, part.amount * share)
        for bridge in receipt.bridges:
            over = ((BRIDGE, bridge.name), bridge.name)
            for origin in bridge.origins:
                came = ((ORIGIN, origin.passage_id), f"{origin.rank}. {named(origin)}")
                graph.add([came, over], origin.amount * share)
                for giver in origin.givers:
                    for nodes, of_giver in _ways(giver):
                        way = [start, *nodes, came]
                        graph.add(way, origin.amount * share * giver.share * of_giver)
            graph.add([over, end], bridge.amount * share)
    return graph


def _source(kind: str, label: str) -> list[Node]:
    """The node of a source; none for the question itself."""
    own = kind in {"question", "similarity"}
    return [] if own else [((SOURCE, f"{kind} {label}"), label)]


def _ways(giver: Giver) -> Iterator[tuple[list[Node], float]]:
    """The nodes on each path through a giver, and the path's share of it. A bridge ends a chain:
    the passage before it, and what brought the walk there.
    """
    if giver.kind != "bridge":
        yield _source(giver.kind, giver.label), 1.0
        return
    chain: list[Node] = [
        ((EARLIER, giver.passage_id), named(giver)),
        ((FIRST_BRIDGE, giver.label), giver.label),
    ]
    for before in giver.givers:
        yield [*_source(before.kind, before.label), *chain], before.share


def _heaviest(graph: _Graph) -> list[Key]:
    """The nodes that are drawn: the question, the explained passages, and the heaviest of the
    others."""
    weight: dict[Key, float] = defaultdict(float)
    for (one, _), amount in graph.lines.items():
        weight[one] = max(weight[one], amount)
    shown: list[Key] = []
    for column in range(QUESTION, PASSAGE + 1):
        keys = [key for key in graph.labels if key[0] == column]
        if column not in (QUESTION, PASSAGE):
            heavy = [key for key in keys if weight[key] >= _FAINTEST]
            keys = sorted(heavy, key=lambda key: -weight[key])[:_ROWS]
        shown += keys
    return shown


def _places(shown: Sequence[Key], columns: Sequence[int]) -> dict[Key, Place]:
    """Where each node's upper left corner is; shorter columns stand in the middle."""
    most = max(sum(key[0] == column for key in shown) for column in columns)
    places = {}
    for place, column in enumerate(columns):
        keys = [key for key in shown if key[0] == column]
        top = 2 * _MARGIN + (most - len(keys)) * _ROW // 2
        for row, key in enumerate(keys):
            places[key] = (_MARGIN + place * _COLUMN, top + row * _ROW)
    return places


def _lines(
    lines: Mapping[tuple[Key, Key], float], places: Mapping[Key, Place]
) -> tuple[list[str], int]:
    """The lines, lightest first, and the lowest point they reach. A line to the next column is a
    curve; one that skips columns runs below all nodes, in a separate lane, so that they do not hide
    it.
    """
    bottom = max(y for _, y in places.values()) + _HEIGHT
    drawn, lane = [], bottom + _LANE
    for (one, other), amount in sorted(lines.items(), key=lambda line: line[1]):
        (x1, y1), (x2, y2) = places[one], places[other]
        start, end = f"{x1 + _WIDTH} {y1 + _HEIGHT // 2}", f"{x2} {y2 + _HEIGHT // 2}"
        gap, y = _COLUMN - _WIDTH, y1 + _HEIGHT // 2
        if x2 - x1 > _COLUMN:
            down, up = x1 + _WIDTH + gap, x2 - gap
            path = (
                f"M{start} C{down} {y} {x1 + _WIDTH} {lane} {down} {lane} "
                f"L{up} {lane} C{x2} {lane} {up} {y2 + _HEIGHT // 2} {end}"
            )
            lane += _LANE
        else:
            middle = x1 + _WIDTH + gap // 2
            path = f"M{start} C{middle} {y} {middle} {y2 + _HEIGHT // 2} {end}"
        width = max(1.0, _WIDEST * min(amount, 1.0))
        title = f"<title>{100 * amount:.0f} %</title>"
        drawn.append(f'<path stroke-width="{width:.1f}" d="{path}">{title}</path>')
    return drawn, lane


def _node(key: Key, place: Place, label: str) -> str:
    """A box with its label, clipped by a viewport of its own where a font is wider than reckoned.

    Each line has the direction of the whole label, so that its "…" stands where reading ends.
    """
    x, y = place
    label = drawable(label)
    lines = two_lines(label)
    first = _HEIGHT / 2 + 4 - 7.5 * (len(lines) - 1)
    direction = ' direction="rtl"' if is_right_to_left(label) else ""
    texts = [
        f'<text x="{_WIDTH // 2}" y="{first + 15 * row:.1f}"{direction}>{escape(line)}</text>'
        for row, line in enumerate(lines)
    ]
    box = f'x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}"'
    return (
        f'<g class="c{key[0]}"><title>{escape(label)}</title><rect {box}/>'
        f"<svg {box}>{''.join(texts)}</svg></g>"
    )
