"""What both ways in can do."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kg.errors import (
    AmmonError,
    CollectionNotFound,
    DependencyMissing,
    DocumentNotFound,
    InputError,
    SettingsConflict,
    SettingsInvalid,
    SnapshotUnavailable,
    WeightsInvalid,
)
from kg.lock import file_lock
from kg.records import Collection, SourceDocument
from kg.sqlite import SQLiteStore
from server.aids import AidOptions
from server.composition import compose
from server.core import Core
from server.empty_results import BEING_INDEXED, START_ONE, START_WORKERS, WAITING
from server.folders import Folders
from server.indexing_options import IndexingOptions
from server.ingest import ingest
from server.reports.collection_status import collection_status
from server.reports.status import job_status
from server.settings import Settings
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.house import open_house, settings_in


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    opened = open_house(settings_in(tmp_path))
    yield opened
    opened.close()


def test_a_collection_is_made_once_and_found_again(core: Core) -> None:
    made = core.ensure_collection("papers", IndexingOptions(max_tokens=64))
    assert core.ensure_collection("papers", IndexingOptions()) == made
    assert (
        core.ensure_collection("papers", IndexingOptions(max_tokens=64, extractor="spacy")) == made
    )


def test_where_snapshots_cannot_be_written_no_collection_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    url = (tmp_path / "file" / "far").as_uri()
    core = open_house(settings_in(tmp_path, snapshot_url=url))
    with pytest.raises(SnapshotUnavailable, match="there is no such folder"):
        core.ensure_collection("papers", IndexingOptions())
    assert list(core.store.collections()) == []
    core.close()


def test_a_collection_is_not_indexed_in_two_ways(core: Core) -> None:
    core.ensure_collection("papers", IndexingOptions(max_tokens=64))
    with pytest.raises(SettingsConflict, match="ammon reindex"):
        core.ensure_collection("papers", IndexingOptions(max_tokens=128))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (IndexingOptions(extractor="spacy:no_such_pipeline"), WeightsInvalid),
        (IndexingOptions(embedder="onnx:."), WeightsInvalid),
    ],
    ids=["extractor", "embedder"],
)
def test_what_cannot_be_loaded_neither_makes_nor_changes_a_collection(
    tmp_path: Path, options: IndexingOptions, error: type[AmmonError]
) -> None:
    core = compose(settings_in(tmp_path, llm_api_key="any"))
    made = core.create_collection("papers", IndexingOptions(extractor="llm", embedder="openai"))
    with pytest.raises(error):
        core.ensure_collection("letters", options)
    with pytest.raises(error):
        core.reindex("papers", options)
    assert list(core.store.collections()) == [made]
    core.close()


def test_without_a_chat_model_nothing_that_needs_one_is_made_changed_or_asked(
    tmp_path: Path,
) -> None:
    core = compose(settings_in(tmp_path))
    with pytest.raises(SettingsInvalid, match="No chat model is set"):
        core.ensure_collection("papers", IndexingOptions(extractor="llm"))
    assert list(core.store.collections()) == []
    made = core.create_collection("papers", IndexingOptions(embedder="minilm"))
    with pytest.raises(SettingsInvalid, match="No chat model is set"):
        core.reindex("papers", IndexingOptions(extractor="llm"))
    for aids in (AidOptions(bridges=True), AidOptions(recognition=True)):
        with pytest.raises(SettingsInvalid, match="AMMON_LLM_BASE_URL"):
            core.query("papers", "Who?", aids=aids)
    assert list(core.store.collections()) == [made]
    core.close()


def test_a_missing_extra_is_told_before_a_collection_is_made(tmp_path: Path) -> None:
    class WithoutTorch(HashEmbedder):
        @property
        def model_id(self) -> str:
            raise DependencyMissing("sentence-transformers", "torch")

    def spare(name: str, _: Settings) -> ScriptedExtractor:
        return ScriptedExtractor(fingerprint=name)

    core = compose(
        settings_in(tmp_path), extractor=spare, embedder=lambda name, _: WithoutTorch(32)
    )
    with pytest.raises(DependencyMissing, match="torch"):
        core.ensure_collection("papers", IndexingOptions(embedder="sentence-transformers:x"))
    assert core.store.collections() == []
    core.close()


def test_a_chat_models_name_is_settled_with_the_collection(core: Core) -> None:
    made = core.create_collection("papers", IndexingOptions(extractor="llm"))
    assert made.settings.extractor == f"llm:{core.settings.llm_model}"


def test_an_overlap_must_fit_into_a_passage(core: Core) -> None:
    with pytest.raises(SettingsInvalid, match="overlap of 64"):
        core.create_collection("papers", IndexingOptions(max_tokens=64, overlap_tokens=64))


def test_ingesting_reports_what_is_new_changed_and_unchanged(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    first = ingest(core, "papers", [notes])
    assert (first.new, first.changed, first.unchanged, first.documents) == (2, 0, 0, 2)
    (notes / "lashley.txt").write_text("Karl Lashley found none.", encoding="utf-8")
    (notes / "hebb.txt").write_text("Donald Hebb studied with Lashley.", encoding="utf-8")
    second = ingest(core, "papers", [notes])
    assert (second.new, second.changed, second.unchanged, second.documents) == (1, 1, 1, 3)


def test_a_file_that_cannot_be_read_is_reported_and_the_others_go_on(
    core: Core, notes: Path
) -> None:
    core.create_collection("papers")
    (notes / "broken.pdf").write_bytes(b"%PDF-1.7 rubbish")
    report = ingest(core, "papers", [notes])
    assert [failure.source for failure in report.failed] == ["broken.pdf"]
    assert report.documents == 2


def test_an_unknown_mode_is_refused_without_a_snapshot_too(core: Core) -> None:
    core.create_collection("papers")
    with pytest.raises(InputError, match="hipporag2"):
        core.query("papers", "Who?", mode="magic")


def test_what_cannot_be_asked_is_refused_without_a_snapshot_too(core: Core) -> None:
    core.ensure_collection("papers")
    with pytest.raises(InputError, match="not -1"):
        core.query("papers", "Who?", k=-1)
    with pytest.raises(InputError, match="list of strings, not 'Who'"):
        core.query_many("papers", "Who")


def test_a_question_is_answered_from_what_was_ingested(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    found = core.query("papers", "Karl Lashley sought the Engram", mode="bm25", k=1)
    assert [hit.citations[0].source for hit in found.hits] == ["lashley.txt"]


def test_an_empty_collection_answers_with_a_note(core: Core) -> None:
    core.create_collection("papers")
    found = core.query("papers", "Who?")
    assert found.hits == ()
    assert "no passages yet" in found.explanation.notes[0]


def test_a_collection_on_its_way_says_so(core: Core) -> None:
    core.create_collection("papers")
    core.submit("papers", [SourceDocument(source="a", title="A", text="Some text.")])
    assert core.query("papers", "Who?").explanation.notes == (f"{WAITING} {START_ONE}",)


def test_a_server_on_its_way_says_ask_again(core: Core) -> None:
    core.create_collection("papers")
    core.pipeline.publish("papers")  # as a server does: a snapshot of nothing
    core.submit("papers", [SourceDocument(source="a", title="A", text="Some text.")])
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    with file_lock(core.snapshot_folder("papers").lock):
        assert core.query("papers", "Who?").explanation.notes == (BEING_INDEXED,)


def test_what_nobody_is_publishing_names_the_command(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    core.folders.clear(core.store.collection("papers"))
    (note,) = core.query("papers", "Who?").explanation.notes
    assert "ammon rebuild --collection 'papers'" in note


def test_documents_go_by_id_and_by_source(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    by_source = {document.source: document.id for document in core.documents("papers")}
    gone = core.delete_documents("papers", ["semon.md", by_source["lashley.txt"]])
    assert gone == [by_source["semon.md"], by_source["lashley.txt"]]
    assert core.documents("papers") == []


def test_who_deletes_asks_for_no_other_documents(
    core: Core, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    asked: list[Iterable[str] | None] = []

    def watch(question: str) -> None:
        answer = getattr(SQLiteStore, question)

        def watched(store: SQLiteStore, collection: str, ids: Iterable[str] | None = None) -> Any:
            asked.append(ids)
            return answer(store, collection, ids)

        monkeypatch.setattr(SQLiteStore, question, watched)

    watch("fingerprints")
    watch("pending")
    (gone,) = core.delete_documents("papers", ["semon.md"])
    assert asked
    assert all(ids is not None and {*ids} <= {"semon.md", gone} for ids in asked)


def test_nothing_goes_if_one_is_unknown(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    with pytest.raises(DocumentNotFound, match=r"'nobody\.md'"):
        core.delete_documents("papers", ["semon.md", "nobody.md"])
    assert len(core.documents("papers")) == 2


def test_a_deleted_collection_leaves_no_snapshot_to_its_successor(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    assert core.query("papers", "Engram").hits
    core.delete_collection("papers")
    with pytest.raises(CollectionNotFound):
        core.query("papers", "Engram")
    core.create_collection("papers")
    assert core.query("papers", "Engram").hits == ()


def test_where_snapshots_cannot_be_deleted_nothing_is(
    core: Core, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])

    def away(_: Folders, collection: Collection) -> None:
        raise SnapshotUnavailable(f"The place of {collection.name} is away.")

    with monkeypatch.context() as patched:
        patched.setattr(Folders, "clear", away)
        with pytest.raises(SnapshotUnavailable):
            core.delete_collection("papers")
    assert core.query("papers", "Engram").hits
    core.delete_collection("papers")
    with pytest.raises(CollectionNotFound):
        core.store.collection("papers")


def test_another_embedder_has_an_index_of_its_own(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    core.reindex("papers", IndexingOptions(embedder="openai:small"))
    core.worker.run_until_empty("papers")
    found = core.snapshot("papers")
    assert found is not None
    assert found.embedder == "hash-32:folded-1"


def test_rebuilding_mends_what_is_damaged_and_nothing_else(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    assert core.rebuild("papers") is None
    folder = core.snapshot_folder("papers")
    (folder.path / str(folder.current()) / "facts.subject.npy").write_bytes(b"rubbish")
    assert core.rebuild("papers") == folder.current()
    assert core.query("papers", "Engram").hits


def test_status_tells_whether_questions_see_everything(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    assert collection_status(core, "papers").current
    core.delete_documents("papers", ["semon.md"])
    status = collection_status(core, "papers")
    assert not status.current
    assert status.published_revision is not None
    assert status.published_revision < status.collection.revision


def test_questions_see_everything_where_only_settings_moved(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    job = core.reindex("papers", IndexingOptions(extractor="llm:m")).job
    assert job is not None
    status = collection_status(core, "papers")
    assert status.published_revision != status.collection.revision
    assert (status.current, status.standing) == (True, "up to date")
    assert status.read_ahead == core.queue.job(job.id)
    core.cancel(job.id)
    status = collection_status(core, "papers")
    assert (status.current, status.read_ahead) == (True, None)


def test_another_embedder_is_not_seen_before_its_snapshot(core: Core, notes: Path) -> None:
    core.create_collection("papers")
    ingest(core, "papers", [notes])
    core.reindex("papers", IndexingOptions(embedder="openai:small"))
    status = collection_status(core, "papers")
    assert (status.current, status.standing, status.by_former_embedder) == (False, "swapping", True)


def test_with_a_broker_workers_are_named_for_what_waits(tmp_path: Path) -> None:
    pytest.importorskip("celery", reason="pip install -e '.[celery]'")
    core = open_house(settings_in(tmp_path, broker_url="redis://127.0.0.1:1/0"))
    core.create_collection("papers")
    core.pipeline.submit("papers", [SourceDocument(source="a", title="A", text="Some text.")])
    assert core.query("papers", "Who?").explanation.notes == (f"{WAITING} {START_WORKERS}",)
    core.close()


def test_a_job_is_done_when_questions_see_it(core: Core) -> None:
    core.create_collection("papers")
    job = core.submit("papers", [SourceDocument(source="a", title="A", text="Some text.")]).job
    assert job is not None
    assert job_status(core, core.queue.job(job.id)).state == "running"
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    told = job_status(core, core.queue.job(job.id))
    assert (told.state, told.percent, told.indexed) == ("publishing", 100.0, 0)
    core.pipeline.publish("papers")
    told = job_status(core, core.queue.job(job.id))
    assert (told.state, told.percent, told.indexed) == ("done", 100.0, 1)
