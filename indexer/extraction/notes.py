"""What a model has answered before a passage is done: kept at once, so that a process that dies
between two questions costs no answer that was paid for."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from indexer.patience import patiently
from kg.records import Extraction, Passage
from kg.store import GraphStore

_BEGUN = ":begun"


@dataclass(kw_only=True, slots=True)
class Notes:
    """What a passage's calls have brought and cost so far."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    """The last answer to each question, as it came."""
    faults: dict[str, str] = field(default_factory=dict)
    """Why that answer cannot be used, where it cannot."""


class Notebook(Protocol):
    """Keeps notes. Safe for several threads."""

    def read(self, passage_ids: Sequence[str]) -> Mapping[str, Notes]:
        """The notes on those of these passages that were begun and not finished."""
        ...

    def write(self, passage_id: str, notes: Notes) -> None:
        """Keep a passage's notes, in place of earlier ones."""
        ...

    def finish(self, passage_id: str) -> None:
        """The passage's extraction is there: what was noted on the way is not needed any more."""
        ...


@runtime_checkable
class NoteTaker(Protocol):
    """An extractor that asks several questions a passage, and can go on where another one of its
    fingerprint ended."""

    def resume(self, passages: Sequence[Passage], notebook: Notebook) -> Iterator[Extraction]:
        """As `Extractor.extract`; each answer is in the notebook before the next question."""
        ...


class MemoryNotebook:
    """Notes that end with the process."""

    def __init__(self) -> None:
        self._notes: dict[str, Notes] = {}

    def read(self, passage_ids: Sequence[str]) -> Mapping[str, Notes]:
        return {key: self._notes[key] for key in passage_ids if key in self._notes}

    def write(self, passage_id: str, notes: Notes) -> None:
        self._notes[passage_id] = notes

    def finish(self, passage_id: str) -> None:
        self._notes.pop(passage_id, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreNotebook:
    """Notes among a collection's saved extractions, under a name beside the extractor's own."""

    store: GraphStore
    collection: str
    extractor: str
    """The extractor's fingerprint."""

    def read(self, passage_ids: Sequence[str]) -> Mapping[str, Notes]:
        name = self.extractor + _BEGUN
        saved = self.store.saved_extractions(self.collection, name, passage_ids)
        return {key: _notes(found) for key, found in saved.items() if found.raw}

    def write(self, passage_id: str, notes: Notes) -> None:
        said = json.dumps({"texts": notes.texts, "faults": notes.faults}, ensure_ascii=False)
        kept = Extraction(
            passage_id=passage_id,
            extractor=self.extractor + _BEGUN,
            model=notes.model,
            input_tokens=notes.input_tokens,
            output_tokens=notes.output_tokens,
            raw=said,
        )
        patiently(lambda: self.store.save_extractions(self.collection, [kept]))

    def finish(self, passage_id: str) -> None:
        """Nothing yet: notes go with the transaction that saves the extraction (see `cleared`)."""

    def cleared(self, passage_id: str) -> Extraction:
        """What is to be saved together with a finished extraction: no notes any more."""
        return Extraction(passage_id=passage_id, extractor=self.extractor + _BEGUN)


def _notes(found: Extraction) -> Notes:
    said = json.loads(found.raw)
    return Notes(
        model=found.model,
        input_tokens=found.input_tokens,
        output_tokens=found.output_tokens,
        texts=said["texts"],
        faults=said["faults"],
    )
