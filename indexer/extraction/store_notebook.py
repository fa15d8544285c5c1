"""Notes among a collection's saved extractions, under a name beside the extractor's own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from indexer.extraction.notes import Answered, Label, Notes, Payer
from indexer.retries import with_retries
from kg.jobs import Prices, Progress
from kg.records import Extraction
from kg.store import GraphStore

_BEGUN = ":begun"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreNotebook:
    """A `Notebook` in the store, for several processes."""

    store: GraphStore
    collection: str
    extractor: str
    """The extractor's fingerprint."""
    payers: Mapping[str, Payer] = field(default_factory=dict)
    """By passage id. What nobody is named for is in no job's sum."""

    @classmethod
    def of(cls, store: GraphStore, label: Label) -> "StoreNotebook":
        """For an answer that was left lying."""
        prices = Prices(input=label.price_input, output=label.price_output)
        payers = {label.passage_id: Payer(task=label.task, prices=prices)} if label.task else {}
        return cls(
            store=store, collection=label.collection, extractor=label.extractor, payers=payers
        )

    def read(self, passage_ids: Sequence[str]) -> Mapping[str, Notes]:
        noted = {key: _notes(found) for key, found in self._saved(passage_ids).items()}
        return {key: notes for key, notes in noted.items() if notes.texts or notes.tries}

    def add(self, passage_id: str, answer: Answered) -> Notes:
        while True:
            before = with_retries(lambda: self._saved([passage_id])).get(passage_id)
            notes = _notes(before)
            after = notes + answer
            swap = partial(self._swap, passage_id, before, after, answer)
            # As when nobody heard that it was saved.
            if after == notes or with_retries(swap):
                return after

    def failed_at(self, passage_id: str) -> int:
        while True:
            before = with_retries(lambda: self._saved([passage_id])).get(passage_id)
            notes = _notes(before)
            after = replace(notes, tries=notes.tries + 1)
            swap = partial(
                self.store.swap_extraction,
                self.collection,
                self._kept(passage_id, after),
                instead_of=before,
                progress={},
            )
            if with_retries(swap):
                return after.tries

    def label(self, passage_id: str) -> Label:
        payer = self.payers.get(passage_id, Payer(task=""))
        return Label(
            passage_id=passage_id,
            collection=self.collection,
            extractor=self.extractor,
            task=payer.task,
            price_input=payer.prices.input,
            price_output=payer.prices.output,
        )

    def finish(self, passage_id: str) -> None:
        """Nothing yet: notes go with the transaction that saves the extraction (`conclude`)."""

    def conclude(self, finished: Sequence[Extraction]) -> None:
        """Save a passage's finished extraction, and its failures under other names, in the
        transaction that clears its notes. The marks of the answers that were counted stay, also of
        one that somebody else adds just then: it may be found, and added, again."""
        key = finished[0].passage_id
        while True:
            before = with_retries(lambda: self._saved([key])).get(key)
            cleared = self._kept(key, Notes(marks=_notes(before).marks))
            swap = partial(
                self.store.swap_extraction,
                self.collection,
                cleared,
                instead_of=before,
                progress={},
                beside=finished,
            )
            if with_retries(swap):
                return

    def _saved(self, passage_ids: Sequence[str]) -> Mapping[str, Extraction]:
        return self.store.saved_extractions(self.collection, self.extractor + _BEGUN, passage_ids)

    def _swap(
        self, passage_id: str, before: Extraction | None, after: Notes, answer: Answered
    ) -> bool:
        payer, used = self.payers.get(passage_id), (answer.input_tokens, answer.output_tokens)
        spent: Mapping[str, Progress] = {}
        if payer is not None and any(used):
            cost = payer.prices.cost(*used)
            spent = {payer.task: Progress(input_tokens=used[0], output_tokens=used[1], cost=cost)}
        return self.store.swap_extraction(
            self.collection, self._kept(passage_id, after), instead_of=before, progress=spent
        )

    def _kept(self, passage_id: str, notes: Notes) -> Extraction:
        said = {
            "texts": notes.texts,
            "faults": notes.faults,
            "marks": notes.marks,
            "tries": notes.tries,
        }
        return Extraction(
            passage_id=passage_id,
            extractor=self.extractor + _BEGUN,
            model=notes.model,
            input_tokens=notes.input_tokens,
            output_tokens=notes.output_tokens,
            raw=json.dumps(said, ensure_ascii=False),
        )


def _notes(found: Extraction | None) -> Notes:
    if found is None or not found.raw:  # nothing, or notes that were cleared by an older version
        return Notes()
    said = json.loads(found.raw)
    return Notes(
        model=found.model,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        texts=said["texts"],
        faults=said["faults"],
        marks=tuple(said.get("marks", ())),
        tries=said.get("tries", 0),
    )
