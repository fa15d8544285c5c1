"""Passages, and what a chat model answers when it is asked for what they say."""

from collections.abc import Sequence

from indexer.extraction.llm import LLMExtractor
from kg.records import Extraction, NamedEntity, Passage, Triple
from tests.doubles.chat_server import Answer, Request, Rule

MILNER = Passage(id="psg-1", title="Milner", heading="", text="Brenda Milner worked in Montreal.")
PAVLOV = Passage(id="psg-2", title="", heading="", text="巴甫洛夫在圣彼得堡工作。")
TOLMAN = Passage(id="psg-3", title="Tolman", heading="Life", text="Tolman taught at Berkeley.")

ENTITIES = '{"entities": [{"name": "Brenda Milner", "type": "person"}]}'
TRIPLES = (
    '{"triples": [{"subject": "Brenda Milner", "relation": "worked in", "object": "Montreal"}]}'
)
WANTED = (
    (NamedEntity(name="Brenda Milner", type="person"),),
    (Triple(subject="Brenda Milner", relation="worked in", object="Montreal"),),
)


def asks_for_triples(request: Request) -> bool:
    return "Named entities:" in request.prompt


def good(request: Request) -> Answer:
    return Answer(content=TRIPLES if asks_for_triples(request) else ENTITIES)


def is_corrected(request: Request) -> bool:
    return "cannot be used" in request.body["messages"][-1]["content"]


def at_first(bad: Answer) -> Rule:
    """A model that answers badly until it is corrected."""
    return lambda request: good(request) if is_corrected(request) else bad


def extract_one(extractor: LLMExtractor, passage: Passage = MILNER) -> Extraction:
    (extraction,) = extractor.extract([passage])
    return extraction


def found(extraction: Extraction) -> tuple[Sequence[NamedEntity], Sequence[Triple]]:
    return extraction.entities, extraction.triples
