"""Receipts as people read them."""

from collections.abc import Sequence

from retrieval.receipt import (
    BridgePart,
    ConnectingFact,
    DirectPart,
    Giver,
    Origin,
    Quote,
    Receipt,
)
from server.cli.receipt import percent, receipt_lines

QUOTE = Quote(text="Brenda was taught by Donald.", start=0, end=28)


def lines(
    kind: str,
    quote: Quote | None = QUOTE,
    title: str = "Brenda",
    before: str = "",
    relations: Sequence[str] = (),
) -> list[str]:
    """Of a passage that got all over one bridge, from an origin that was reached in this way, and
    before that from another passage; with facts of these relations about the bridge."""
    origin = Origin(
        passage_id="psg-1",
        title=title,
        source="many.csv#295",
        rank=1,
        amount=0.2,
        quote=quote,
        givers=(Giver(kind=kind, label="McGill", share=1.0, passage_id=before),),
    )
    facts = tuple(
        ConnectingFact(
            fact_id=f"fct-{number}",
            subject="Brenda",
            relation=relation,
            object="Donald",
            score=0.5,
            passage_ids=("psg-1",),
        )
        for number, relation in enumerate(relations)
    )
    bridge = BridgePart(name="Donald", amount=0.2, origins=(origin,), quote=QUOTE, facts=facts)
    receipt = Receipt(
        mode="ammon",
        passage_id="psg-2",
        title="Donald",
        rank=2,
        score=0.2,
        direct=(),
        bridges=(bridge,),
    )
    return list(receipt_lines(receipt))


def test_a_second_step_names_the_bridge_of_the_first() -> None:
    assert "Brenda (1st; reached via 'McGill') says" in lines("bridge", before="psg-3")[1]


def test_a_step_back_to_where_it_came_from_is_told_as_such() -> None:
    told = lines("bridge", before="psg-2")[1]
    assert "Brenda (1st; reached from here via 'McGill') says" in told


def test_of_the_facts_about_a_bridge_the_first_that_says_something_is_told() -> None:
    told = lines("link", relations=("on", "Is in", "was taught by", "knew"))[1]
    assert told.endswith("(fact: Brenda — was taught by — Donald)")


def test_facts_that_only_put_two_names_together_are_not_told() -> None:
    assert "fact" not in lines("link", relations=("on", "is", "has been with"))[1]


def test_a_first_step_needs_no_such_name() -> None:
    assert "Brenda (1st) says" in lines("link")[1]


def test_a_heading_is_not_told_as_something_that_is_said() -> None:
    heading = Quote(text="Students of Donald", start=0, end=18, heading=True)
    told = lines("link", heading)[1]
    assert "Brenda (1st) has the heading «Students of Donald», and here it says «Brenda" in told


def test_a_sentence_without_the_name_is_told_to_stand_under_that_title() -> None:
    under = Quote(text="Born in Chester.", start=0, end=16, by_title=True)
    assert "Brenda (1st) says under that title «Born in Chester.»" in lines("link", under)[1]


def test_where_only_the_title_names_the_bridge_no_sentence_is_quoted() -> None:
    assert "Brenda (1st) names it in its title, and here it says «" in lines("link", None)[1]


def test_a_passage_without_a_title_is_called_by_its_source() -> None:
    assert "many.csv#295 (1st) says" in lines("link", title="")[1]


def test_a_part_that_takes_away_from_the_score_is_told_by_its_amount() -> None:
    part = DirectPart(kind="similarity", label="Who?", amount=-0.125, quote=QUOTE)
    receipt = Receipt(
        mode="dense",
        passage_id="psg-2",
        title="Donald",
        rank=2,
        score=-0.125,
        direct=(part,),
        bridges=(),
    )
    assert list(receipt_lines(receipt)) == [
        "Donald is ranked 2nd (score -0.125):",
        "-0.125 directly, for its similarity to the question: «Brenda was taught by Donald.»",
    ]


def test_what_is_taken_off_for_likeness_names_the_better_passage() -> None:
    parts = (
        DirectPart(kind="question", label="Who?", amount=0.2, quote=None),
        DirectPart(kind="alike", label="Brenda", amount=-0.05, quote=None, rank=1),
    )
    receipt = Receipt(
        mode="ammon",
        passage_id="psg-2",
        title="Donald",
        rank=2,
        score=0.15,
        direct=parts,
        bridges=(),
    )
    assert list(receipt_lines(receipt)) == [
        "Donald is ranked 2nd (score 0.15):",
        "100 % directly, for its similarity to the question",
        "Of 0.2, 0.05 is taken off: 'Brenda' (1st) is similar and ranks higher.",
    ]


def test_only_the_whole_score_is_a_hundred_percent() -> None:
    shares = (0.001, 0.5, 0.994, 0.996, 0.99999, 1.0)
    assert [percent(share) for share in shares] == [
        "<1 %",
        "50 %",
        "99 %",
        ">99 %",
        ">99 %",
        "100 %",
    ]
