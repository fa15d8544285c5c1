"""Another embedder or extractor: the work is done behind, questions are answered all the time."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from inference.embedder import Embedder, Kind, Progress, Vectors
from kg.records import Passage, SourceDocument
from server.composition import compose
from server.core import Core
from server.indexing_options import IndexingOptions
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.house import settings_in
from tests.doubles.waiting import until

DOCUMENTS = [
    SourceDocument(source=f"{number}", title=f"Note {number}", text=f"Person{number} met Hebb.")
    for number in range(6)
]


class _SlowEmbedder(HashEmbedder):
    """Embeds nothing before it may."""

    def __init__(self, go_on: Event) -> None:
        super().__init__(32)
        self._go_on = go_on

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        assert self._go_on.wait(60)
        return super().embed(texts, kind, progress)


@pytest.fixture
def go_on() -> Iterator[Event]:
    event = Event()
    yield event
    event.set()


@contextmanager
def opened(folder: Path, go_on: Event) -> Iterator[Core]:
    """A core whose other embedder and extractor wait."""

    def wait(_: Passage) -> str:
        assert go_on.wait(60)
        return ""

    def embedder(name: str, _: object) -> Embedder:
        return HashEmbedder(64) if name == "minilm" else _SlowEmbedder(go_on)

    def extractor(name: str, _: object) -> ScriptedExtractor:
        if name == "spacy":
            return ScriptedExtractor(fingerprint=name)
        return ScriptedExtractor(wait, fingerprint=name, paid=True, relation="comes before")

    core = compose(settings_in(folder), extractor=extractor, embedder=embedder)
    yield core
    core.close()


@pytest.fixture
def core(tmp_path: Path, go_on: Event) -> Iterator[Core]:
    with opened(tmp_path, go_on) as core:
        core.create_collection("papers")
        core.submit("papers", DOCUMENTS)
        core.worker.run_until_empty("papers")
        yield core
        go_on.set()


def asked(core: Core) -> tuple[int, str]:
    """How many passages are found, and the embedder of the snapshot that they are found in."""
    found = core.snapshot("papers")
    assert found is not None
    return len(core.query("papers", "Who met Hebb?", k=50).hits), found.embedder


def test_another_embedder_answers_once_its_snapshot_is_there(
    core: Core, go_on: Event, tmp_path: Path
) -> None:
    core.worker.start()
    assert asked(core) == (6, "hash-64:folded-1")
    core.reindex("papers", IndexingOptions(embedder="openai:small"))
    for _ in range(20):
        assert asked(core) == (6, "hash-64:folded-1")
        time.sleep(0.02)
    with opened(tmp_path, go_on) as fresh:
        assert asked(fresh) == (6, "hash-64:folded-1"), "a server that starts now answers too"
    go_on.set()
    until(lambda: asked(core) == (6, "hash-32:folded-1"))


def test_two_changes_of_the_embedder_still_leave_an_answer(
    core: Core, go_on: Event, tmp_path: Path
) -> None:
    core.reindex("papers", IndexingOptions(embedder="openai:small"))
    core.reindex("papers", IndexingOptions(embedder="openai:large"))
    with opened(tmp_path, go_on) as fresh:
        assert asked(fresh) == (6, "hash-64:folded-1")


def relations(core: Core) -> set[str]:
    """Of all facts that questions are answered with."""
    found = core.snapshot("papers")
    assert found is not None
    return set(found.facts.relation)


def test_another_extractor_takes_over_all_at_once(core: Core, go_on: Event) -> None:
    core.worker.start()
    job = core.reindex("papers", IndexingOptions(extractor="llm:m")).job
    assert job is not None
    late = SourceDocument(source="late", title="Late", text="Person9 met Hebb.")
    core.submit("papers", [late])
    until(lambda: asked(core)[0] == 7)
    assert relations(core) == {"precedes"}, "what came in meanwhile is like the others"
    go_on.set()
    seen: list[set[str]] = []

    def done() -> bool:
        seen.append(relations(core))
        assert asked(core)[0] == 7
        return seen[-1] == {"comes before"}

    until(done)
    assert all(found in ({"precedes"}, {"comes before"}) for found in seen), "never some of each"
    after = core.store.collection("papers")
    assert after.settings.extractor == "llm:m"
    until(lambda: core.published_revision(after) == after.revision)
