"""Answers that come in while their passage's extraction is being saved."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from indexer.extraction.notes import Answered, Claims, Label, Notebook, Payer, ordinary
from indexer.extraction.store_notebook import StoreNotebook
from indexer.ingestion.extracting import extracted
from kg.jobs import Prices
from kg.memory import MemoryStore
from kg.records import CollectionSettings, Document, Extraction, Passage

MILNER = Passage(id="psg-1", title="Milner", heading="", text="Brenda Milner worked in Montreal.")
LATE = Answered(mark="late", question="entities", text="{}", input_tokens=11, output_tokens=7)


class Reads:
    """An extractor whose answers are there."""

    fingerprint = "llm:scripted:1"
    paid = True

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        return (Extraction(passage_id=one.id, extractor=self.fingerprint) for one in passages)

    def resume(
        self, passages: Sequence[Passage], notebook: Notebook, claims: Claims = ordinary
    ) -> Iterator[Extraction]:
        return self.extract(passages)

    def recover(
        self, open_notebook: Callable[[Label], Notebook], dead: Callable[[str], bool]
    ) -> None: ...


@dataclass
class Interrupted(MemoryStore):
    """A store in which something happens right after notes were read, once."""

    happens: Callable[[], object] = field(default=lambda: None)

    def __post_init__(self) -> None:
        super().__init__()

    def saved_extractions(
        self, collection: str, extractor: str, passage_ids: Sequence[str]
    ) -> Mapping[str, Extraction]:
        found = super().saved_extractions(collection, extractor, passage_ids)
        if extractor.endswith(":begun"):
            happens, self.happens = self.happens, lambda: None
            happens()
        return found


@pytest.fixture
def store() -> Interrupted:
    store = Interrupted()
    store.create_collection("notes", CollectionSettings(extractor="llm:scripted"))
    return store


def test_an_answer_that_comes_while_its_passage_is_saved_is_counted_once(
    store: Interrupted,
) -> None:
    """As when a dead worker's file is brought in by somebody who dies before it is removed."""
    document = Document(id="doc-1", fingerprint="1", source="a", title="", text="a")
    job = store.enqueue("notes", [document])
    payer = Payer(task=store.tasks(job.id)[0].id, prices=Prices())
    finder = StoreNotebook(
        store=store, collection="notes", extractor=Reads.fingerprint, payers={"psg-1": payer}
    )
    store.happens = lambda: finder.add("psg-1", LATE)
    found = list(extracted(store, "notes", Reads(), [MILNER]))
    finder.add("psg-1", LATE)
    assert store.job(job.id).progress.input_tokens == 11
    assert store.saved_extractions("notes", Reads.fingerprint, ["psg-1"]) == {"psg-1": found[0]}
    assert finder.read(["psg-1"]) == {}, "of a passage that is done there are no notes"
