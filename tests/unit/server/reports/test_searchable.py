"""A collection's status says what its questions are told: whether its snapshot can be searched."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg.errors import SnapshotError, SnapshotVersionUnknown
from kg.lock import file_lock
from kg.records import SourceDocument
from kg.snapshot import Snapshot, container
from server.composition import compose
from server.core import Core
from server.indexing_options import IndexingOptions
from server.reports import searchable
from server.reports.collection_status import collection_status
from server.settings import Settings
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.house import open_house, settings_in
from tests.doubles.waiting import until

REMEDY = "ammon rebuild --collection 'papers'"


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    opened = open_house(settings_in(tmp_path))
    opened.create_collection("papers")
    opened.submit("papers", [SourceDocument(source="a", title="A", text="Some text.")])
    opened.pipeline.process(opened.queue.lease(worker="test", limit=10, seconds=60))
    opened.pipeline.publish("papers")
    yield opened
    opened.close()


def as_made_by(core: Core, embedder: str) -> str:
    """Publish the snapshot that there is, as another embedder's; its name."""
    folder = core.snapshot_folder("papers")
    made = replace(Snapshot.read(folder.open()), embedder=embedder)
    name = folder.write(made.revision, made.write)
    folder.publish(name)
    return name


@pytest.mark.parametrize("verify", [False, True])
def test_a_snapshot_of_another_embedder_cannot_be_used_until_it_is_built_again(
    core: Core, verify: bool
) -> None:
    name = as_made_by(core, "hash-64")
    with pytest.raises(SnapshotError, match=r"'hash-64'.*'hash-64:folded-1'"):
        core.query("papers", "Which text?")
    status = collection_status(core, "papers", verify=verify)
    assert (status.standing, status.current, status.snapshot) == ("unusable", False, name)
    assert "'hash-64'" in status.damage
    assert "'hash-64:folded-1'" in status.damage
    assert status.damage.endswith(REMEDY)
    assert core.rebuild("papers")
    status = collection_status(core, "papers", verify=verify)
    assert (status.standing, status.current, status.damage) == ("up to date", True, "")
    assert core.query("papers", "Which text?").hits


def test_while_another_process_builds_it_again_status_says_so(core: Core) -> None:
    as_made_by(core, "hash-64")
    with file_lock(core.snapshot_folder("papers").lock):
        assert collection_status(core, "papers").standing == "rebuilding"
    assert collection_status(core, "papers").standing == "unusable"


def test_a_server_that_indexes_says_that_it_builds_it_again(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searchable, "is_locked", lambda _: False)
    as_made_by(core, "hash-64")
    with file_lock(core.snapshot_folder("papers").lock):
        core.worker.start()
        assert collection_status(core, "papers").standing == "rebuilding"
    until(lambda: collection_status(core, "papers").standing == "up to date")


def test_a_snapshot_in_another_version_s_format_is_not_up_to_date(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "VERSION", container.VERSION + 1)
    with pytest.raises(SnapshotVersionUnknown):
        core.query("papers", "Which text?")
    status = collection_status(core, "papers")
    assert (status.standing, status.current) == ("unusable", False)
    assert status.damage.endswith(REMEDY)


def test_no_model_is_loaded_to_tell(tmp_path: Path) -> None:
    class Dear(HashEmbedder):
        loaded = False

        @property
        def model_id(self) -> str:
            Dear.loaded = True
            return "st:mini:64"

    def embedder(_: str, __: Settings) -> Dear:
        return Dear()

    def extractor(name: str, _: Settings) -> ScriptedExtractor:
        return ScriptedExtractor(fingerprint=name)

    core = compose(settings_in(tmp_path), extractor=extractor, embedder=embedder)
    core.create_collection("papers", IndexingOptions(embedder="sentence-transformers:mini"))
    core.pipeline.publish("papers")
    Dear.loaded = False
    core.close()
    core = compose(settings_in(tmp_path), extractor=extractor, embedder=embedder)
    assert collection_status(core, "papers", verify=True).standing == "up to date"
    as_made_by(core, "st:mini:64")
    status = collection_status(core, "papers", verify=True)
    assert (status.standing, Dear.loaded) == ("unusable", False)
    core.close()
