from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.agreement import agreement
from bench.datasets import COLLECTION
from kg.records import SourceDocument
from server.composition import compose
from server.core import Core
from server.indexing_options import IndexingOptions
from server.settings import Settings
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder

_QUESTION = "Who wrote to Boris?"
_NOTES = [
    SourceDocument(source=f"{number}.txt", title=f"Note {number}", text=text)
    for number, text in enumerate(["Anna wrote to Boris.", "Boris lives in Coimbra."])
]


def core_of(folder: Path, documents: list[SourceDocument]) -> Core:
    core = compose(
        Settings(data_dir=folder, first_tier=False),
        extractor=lambda name, settings: ScriptedExtractor(),
        embedder=lambda name, settings: HashEmbedder(32),
    )
    core.create_collection(COLLECTION, IndexingOptions(extractor="spacy", max_tokens=0))
    core.submit(COLLECTION, documents)
    core.worker.run_until_empty(COLLECTION)
    return core


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def differing(tmp_path: Path, stack: ExitStack, other: list[SourceDocument]) -> dict[str, int]:
    """What was compared -> how many things differ."""
    cores = [core_of(tmp_path / "one", _NOTES), core_of(tmp_path / "other", other)]
    for core in cores:
        stack.callback(core.close)
    found = agreement(cores[0], cores[1], [_QUESTION])
    assert all(one.number > 0 for one in found)
    return {one.what: len(one.differing) for one in found}


def test_what_was_made_of_the_same_documents_agrees_in_all(
    tmp_path: Path, stack: ExitStack
) -> None:
    found = differing(tmp_path, stack, _NOTES)
    assert set(found.values()) == {0}
    assert {"lines of the dump", "the snapshot's files", "ranks and scores in mode ammon"} <= set(
        found
    )


def test_another_word_is_told_of_in_all_that_it_changes(tmp_path: Path, stack: ExitStack) -> None:
    changed = SourceDocument(source="1.txt", title="Note 1", text="Boris lives in Cordoba.")
    found = differing(tmp_path, stack, [_NOTES[0], changed])
    assert found["lines of the dump"] > 0
    assert found["the snapshot's files"] > 0
    assert found["ranks and scores in mode dense"] == 1
