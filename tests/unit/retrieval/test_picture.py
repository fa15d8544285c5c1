"""Receipts as pictures."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from retrieval.picture import picture
from retrieval.receipt import BridgePart, DirectPart, Giver, Origin, Quote, Receipt

SVG = "{http://www.w3.org/2000/svg}"
QUOTE = Quote(text="Hebb.", start=0, end=5)


WIDEST = {"X": 8.3, "W": 11.9, "m": 11.7, "Щ": 13.1, "@": 12.0}
"""How wide a letter is in pixels, in DejaVu Sans, which is among the widest fonts."""
LINK = Giver(kind="link", label="Brenda", share=1.0)


def receipt(
    title: str = "Hebb",
    *,
    bridge: str = "Donald Hebb",
    over: float = 0.15,
    givers: tuple[Giver, ...] = (LINK,),
) -> Receipt:
    """0.2 in all: `over` the bridge from Milner, the rest directly from a clause."""
    origin = Origin(
        passage_id="psg-1",
        title="Milner",
        rank=1,
        amount=over,
        quote=QUOTE,
        givers=givers,
    )
    return Receipt(
        mode="ammon",
        passage_id=f"psg-{title}",
        title=title,
        rank=2,
        score=0.2,
        direct=(DirectPart(kind="clause", label="who taught", amount=0.2 - over, quote=QUOTE),),
        bridges=(BridgePart(name=bridge, amount=over, origins=(origin,), quote=QUOTE, facts=()),),
    )


def drawn(*receipts: Receipt, question: str = "Who taught Brenda?") -> ElementTree.Element:
    return ElementTree.fromstring(picture(question, receipts))  # noqa: S314 - our own text


def labels(root: ElementTree.Element) -> set[str]:
    """What is written in each node."""
    nodes = root.iter(f"{SVG}g")
    return {" ".join(text.text or "" for text in node.iter(f"{SVG}text")) for node in nodes}


def labels_of(root: ElementTree.Element, column: int) -> set[str]:
    """The labels of the nodes in a column."""
    nodes = [node for node in root.iter(f"{SVG}g") if node.attrib["class"] == f"c{column}"]
    return {node.findtext(f"{SVG}title") or "" for node in nodes}


def passage(root: ElementTree.Element) -> ElementTree.Element:
    """The node of the passage."""
    (node,) = [node for node in root.iter(f"{SVG}g") if node.attrib["class"] == "c6"]
    return node


def widths(root: ElementTree.Element) -> list[float]:
    return sorted(float(path.attrib["stroke-width"]) for path in root.iter(f"{SVG}path"))


def test_a_picture_has_everything_on_the_way() -> None:
    expected = {"Who taught Brenda?", "Brenda", "who taught", "1. Milner", "Donald Hebb", "2. Hebb"}
    assert labels(drawn(receipt())) == expected


def test_lines_are_as_wide_as_their_share() -> None:
    # Over the bridge: question, name, origin, bridge, passage; over the clause: two lines.
    assert widths(drawn(receipt(over=0.15))) == pytest.approx([4, 4, 12, 12, 12, 12])


def test_a_bridge_of_an_earlier_step_is_no_source_but_part_of_a_chain() -> None:
    before = Giver(kind="clause", label="who was Corkin", share=1.0)
    chained = Giver(
        kind="bridge",
        label="McGill",
        share=0.8,
        passage_id="psg-9",
        title="Corkin",
        givers=(before,),
    )
    root = drawn(receipt(givers=(chained, replace(LINK, share=0.2))))
    columns = {column: labels_of(root, column) for column in range(7)}
    assert columns == {
        0: {"Who taught Brenda?"},
        1: {"Brenda", "who taught", "who was Corkin"},
        2: {"Corkin"},
        3: {"McGill"},
        4: {"1. Milner"},
        5: {"Donald Hebb"},
        6: {"2. Hebb"},
    }
    # 0.15 of 0.2 in two lines; four fifths of it in four; the rest of it, and the clause, in two.
    assert widths(root) == pytest.approx([2.4, 2.4, 4, 4, 9.6, 9.6, 9.6, 9.6, 12, 12])


def test_a_passage_before_whose_lines_are_all_left_out_is_left_out_too() -> None:
    far = [
        Giver(kind="bridge", label=f"McGill {number}", share=0.05, title="Corkin", givers=(LINK,))
        for number in range(4)
    ]
    root = drawn(receipt(givers=(replace(LINK, share=0.8), *far)))
    assert "Corkin" not in labels(root)


def test_what_hardly_counts_is_left_out() -> None:
    assert "Donald Hebb" not in labels(drawn(receipt(over=0.001)))


def test_several_passages_share_one_picture() -> None:
    root = drawn(receipt("Hebb"), receipt("Penfield"))
    assert {"2. Hebb", "2. Penfield"} <= labels(root)
    assert sum(label == "1. Milner" for label in labels(root)) == 1


@pytest.mark.parametrize(
    "name", ["<b>&\"'", "北京大学", "جامعة القاهرة", "a\x00\x1b[31m\ufffeb", "\ud800"]
)
def test_any_text_gives_good_xml(name: str) -> None:
    root = drawn(receipt(name, bridge=name), question=name)
    assert len(list(root.iter(f"{SVG}rect"))) == 6


def test_a_long_label_is_cut_to_two_lines_and_whole_in_the_tooltip() -> None:
    long = "The great and long name of a very old and venerable institute by the river"
    node = passage(drawn(receipt(long)))
    lines = [text.text or "" for text in node.iter(f"{SVG}text")]
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert node.findtext(f"{SVG}title") == f"2. {long}"


def test_wide_characters_are_counted_as_two() -> None:
    node = passage(drawn(receipt("学" * 40)))
    assert all(len(text.text or "") <= 14 for text in node.iter(f"{SVG}text"))


@pytest.mark.parametrize("letter", ["X", "W", "m", "Щ", "@"])
def test_wide_letters_stay_in_the_box(letter: str) -> None:
    node = passage(drawn(receipt(letter * 300)))
    assert all(len(text.text or "") <= 180 / WIDEST[letter] for text in node.iter(f"{SVG}text"))


def test_a_box_clips_what_is_wider_than_reckoned() -> None:
    node = passage(drawn(receipt()))
    (rect,), (viewport,) = node.iter(f"{SVG}rect"), node.iter(f"{SVG}svg")
    assert viewport.attrib == rect.attrib
    assert list(viewport) == list(node.iter(f"{SVG}text"))


@pytest.mark.parametrize("letter", ["e\u0301", "ก\u0e49", "👩\u200d🔬", "❤\ufe0f"])
def test_a_label_is_not_cut_between_a_letter_and_its_mark(letter: str) -> None:
    for before in range(20):
        node = passage(drawn(receipt("a" * before + letter * 200)))
        _, line = [text.text or "" for text in node.iter(f"{SVG}text")]
        assert re.fullmatch(f"a*({letter})*…", line)


@pytest.mark.parametrize(
    ("title", "direction"),
    [("جامعة القاهرة " * 10, "rtl"), ("האוניברסיטה", "rtl"), ("Cairo (القاهرة) " * 10, None)],
)
def test_a_label_has_the_direction_of_its_first_letter(title: str, direction: str | None) -> None:
    node = passage(drawn(receipt(title)))
    assert {text.get("direction") for text in node.iter(f"{SVG}text")} == {direction}


@pytest.mark.parametrize("control", "\u061c\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
def test_controls_of_direction_are_not_drawn(control: str) -> None:
    name = f"{control}Hebb{control}\u202c\u2069"
    root = drawn(receipt(name, bridge=name), question=name)
    assert {"Hebb", "2. Hebb"} <= labels(root)
    assert not set("".join(root.itertext())) & {control, "\u202c", "\u2069"}


def test_no_passage_gives_a_picture_of_the_question_alone() -> None:
    assert labels(drawn()) == {"Who taught Brenda?"}
