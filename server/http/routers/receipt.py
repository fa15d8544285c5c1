"""Receipts, as they are answered with passages."""

from pydantic import BaseModel, Field


class QuoteOut(BaseModel):
    """A sentence of a passage."""

    text: str = Field(examples=["John O'Keefe found place cells in 1971."])
    start: int = Field(description="Offset in the passage's text.", examples=[0])
    end: int = Field(description="Offset after the last character.", examples=[39])
    heading: bool = Field(description="Whether it is a heading, quoted if no sentence fits.")
    by_title: bool = Field(
        description="Whether the name it is quoted for is not in it, but is the passage's title."
    )


class DirectPartOut(BaseModel):
    """What a passage received directly, not through another passage."""

    kind: str = Field(
        description="In mode ammon: 'question', 'clause' or 'link' (a name in the question); or a "
        "deduction, 'alike' (the passage resembles a better one) or 'passed' (the first passage, "
        "whose score was close, fits the question itself better). In other modes: 'similarity', "
        "'seed' or 'word'. With bridges also 'sub-question'.",
        examples=["clause"],
    )
    label: str = Field(
        description="The question, clause, name, word or sub-question, or the better passage's "
        "title."
    )
    amount: float = Field(
        description="What it adds to the score; negative for deductions.", examples=[0.03]
    )
    quote: QuoteOut | None = Field(description="The sentence that fits it best.")
    passage_id: str = Field(description="For a deduction: the better passage.", examples=[""])
    rank: int = Field(description="For a deduction: the better passage's rank.", examples=[0])


class GiverOut(BaseModel):
    """What brought the walk to a passage that it continued from."""

    kind: str = Field(
        description="'question', 'clause', 'link', or 'bridge' for a name that an earlier step "
        "went through.",
        examples=["link"],
    )
    label: str = Field(examples=["place cells"])
    share: float = Field(description="Its share of what arrived there, 0 to 1.", examples=[0.8])
    passage_id: str = Field(
        description="For a bridge: the passage from which most came through it.", examples=[""]
    )
    title: str = Field(description="That passage's title.", examples=[""])
    source: str = Field(description="The source of its first document.", examples=[""])
    givers: list["GiverOut"] = Field(
        description="For a bridge: what brought the walk to that passage.", examples=[[]]
    )


class OriginOut(BaseModel):
    """A passage that the walk came from."""

    passage_id: str = Field(examples=["psg-5b0f0c1d2e3f405162738495"])
    title: str = Field(examples=["Place cell"])
    source: str = Field(description="The source of its first document.", examples=["okeefe"])
    rank: int = Field(description="Rank of that passage.", examples=[1])
    amount: float = Field(
        description="The part of the score that came from that passage.", examples=[0.08]
    )
    quote: QuoteOut | None = Field(description="Null if only its title names the bridge.")
    givers: list[GiverOut] = Field(description="The largest first.")


class ConnectingFactOut(BaseModel):
    """A fact about a bridge, stated at one of its ends."""

    fact_id: str = Field(examples=["fct-5b0f0c1d2e3f405162738495"])
    subject: str = Field(examples=["John O'Keefe"])
    relation: str = Field(examples=["discovered"])
    object: str = Field(examples=["place cells"])
    score: float = Field(description="Its similarity to the question.", examples=[0.5])
    passage_ids: list[str]


class BridgePartOut(BaseModel):
    """What a passage received through one name that it shares with others."""

    name: str = Field(examples=["John O'Keefe"])
    amount: float = Field(description="What it adds to the score.", examples=[0.1])
    origins: list[OriginOut] = Field(description="The largest first.")
    quote: QuoteOut | None = Field(
        description="The sentence that mentions the name and fits best; null if only the "
        "passage's title mentions it."
    )
    facts: list[ConnectingFactOut] = Field(description="At most three.")


class ReceiptOut(BaseModel):
    """Why a passage ranks where it does: the amounts of all parts sum to its score."""

    mode: str = Field(examples=["ammon"])
    passage_id: str = Field(examples=["psg-5b0f0c1d2e3f405162738495"])
    title: str = Field(examples=["John O'Keefe"])
    source: str = Field(description="The source of its first document.", examples=["okeefe"])
    rank: int = Field(examples=[1])
    score: float = Field(examples=[0.173])
    direct: list[DirectPartOut] = Field(description="The largest first.")
    bridges: list[BridgePartOut] = Field(description="The largest first; only mode ammon has them.")
    notes: list[str]
