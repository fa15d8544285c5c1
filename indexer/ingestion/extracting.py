"""Extraction of passages whose results are saved at once: what a model was paid for is kept.

A failure counts for the task that met it, and for no later one: documents that are handed in again
have their bad passages tried again. Where one process extracts and another commits, failures are
saved under the extractor's name and the task's.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import structlog

from indexer.extraction.notes import Claims, Payer, ResumableExtractor, ordinary
from indexer.extraction.port import Extractor
from indexer.extraction.store_notebook import StoreNotebook
from indexer.retries import with_retries
from kg.records import Extraction, Passage
from kg.store import GraphStore

_log = structlog.get_logger(__name__)


def usable(
    store: GraphStore, collection: str, fingerprint: str, passage_ids: Sequence[str]
) -> Mapping[str, Extraction]:
    """The saved extractions of these passages that are no failures: passage id -> extraction."""
    saved = store.saved_extractions(collection, fingerprint, passage_ids)
    return {key: extraction for key, extraction in saved.items() if not extraction.failure}


def failures_of(
    store: GraphStore, collection: str, fingerprint: str, task_id: str, passage_ids: Sequence[str]
) -> Mapping[str, Extraction]:
    """The failures that this task met: passage id -> extraction."""
    saved = store.saved_extractions(collection, _of_task(fingerprint, task_id), passage_ids)
    return {key: replace(found, extractor=fingerprint) for key, found in saved.items()}


def extracted(
    store: GraphStore,
    collection: str,
    extractor: Extractor,
    passages: Sequence[Passage],
    tasks_of: Mapping[str, Sequence[str]] | None = None,
    payers: Mapping[str, Payer] = MappingProxyType({}),
    claims: Claims = ordinary,
) -> Generator[Extraction]:
    """Extract; what was paid for is saved before it is yielded.

    `tasks_of`: passage id -> the tasks that others commit: then all is saved, failures too.
    `payers`: passage id -> who bears what it takes, if the extractor takes notes (`counts`);
    `claims`: on what terms such an extractor asks: what is not wanted any more is left out.
    Raises: ModelUnavailable, after what could be had.
    """
    if not passages:
        return
    notebook = StoreNotebook(
        store=store, collection=collection, extractor=extractor.fingerprint, payers=payers
    )
    if isinstance(extractor, ResumableExtractor):
        found, takes_notes = extractor.resume(passages, notebook, claims), True
    else:
        found, takes_notes = extractor.extract(passages), False
    for extraction in found:
        key = extraction.passage_id
        if extractor.paid or tasks_of is not None:
            kept = [extraction, *_failures(extraction, (tasks_of or {}).get(key, ()))]
            if takes_notes:
                notebook.conclude(kept)
            else:
                with_retries(partial(store.save_extractions, collection, kept))
        if extraction.failure:
            _tell(collection, extraction)
        yield extraction


def counts(extractor: Extractor) -> bool:
    """Whether what is paid is counted with each answer, not with each extraction."""
    return isinstance(extractor, ResumableExtractor)


def save_failure(
    store: GraphStore, collection: str, found: Extraction, task_ids: Sequence[str]
) -> None:
    """Keep what ended otherwise than by an extractor's answer, for the tasks that others commit."""
    with_retries(partial(store.save_extractions, collection, [found, *_failures(found, task_ids)]))
    _tell(collection, found)


def _tell(collection: str, found: Extraction) -> None:
    _log.warning(
        "passage quarantined", collection=collection, passage=found.passage_id, reason=found.failure
    )


def _failures(extraction: Extraction, task_ids: Sequence[str]) -> list[Extraction]:
    if not extraction.failure:
        return []
    name = extraction.extractor
    return [replace(extraction, extractor=_of_task(name, task)) for task in task_ids]


def _of_task(fingerprint: str, task_id: str) -> str:
    return f"{fingerprint}#{task_id}"
