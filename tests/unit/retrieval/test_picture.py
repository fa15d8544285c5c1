"""Receipts as pictures."""

import xml.etree.ElementTree as ElementTree

import pytest

from retrieval.picture import picture
from retrieval.receipt import BridgePart, DirectPart, Giver, Origin, Quote, Receipt

SVG = "{http://www.w3.org/2000/svg}"
QUOTE = Quote(text="Hebb.", start=0, end=5)


def receipt(title: str = "Hebb", *, bridge: str = "Donald Hebb", over: float = 0.15) -> Receipt:
    """0.2 in all: `over` the bridge from Milner, the rest directly from a clause."""
    origin = Origin(
        passage_id="psg-1",
        title="Milner",
        rank=1,
        amount=over,
        quote=QUOTE,
        givers=(Giver(kind="link", label="Brenda", share=1.0),),
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


def passage(root: ElementTree.Element) -> ElementTree.Element:
    """The node of the passage."""
    (node,) = [node for node in root.iter(f"{SVG}g") if node.attrib["class"] == "c4"]
    return node


def widths(root: ElementTree.Element) -> list[float]:
    return sorted(float(path.attrib["stroke-width"]) for path in root.iter(f"{SVG}path"))


def test_a_picture_has_everything_on_the_way() -> None:
    expected = {"Who taught Brenda?", "Brenda", "who taught", "1. Milner", "Donald Hebb", "2. Hebb"}
    assert labels(drawn(receipt())) == expected


def test_lines_are_as_wide_as_their_share() -> None:
    # Over the bridge: question, name, origin, bridge, passage; over the clause: two lines.
    assert widths(drawn(receipt(over=0.15))) == pytest.approx([4, 4, 12, 12, 12, 12])


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


def test_no_passage_gives_a_picture_of_the_question_alone() -> None:
    assert labels(drawn()) == {"Who taught Brenda?"}
