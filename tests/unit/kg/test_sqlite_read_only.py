"""A store in a folder that may not be written."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from kg.errors import StoreRefused, StoreVersionUnknown
from kg.records import CollectionSettings
from kg.sqlite import SQLiteStore, database
from kg.store import Change
from tests.conformance.material import document, written

SETTINGS = CollectionSettings()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ammon.sqlite"


@pytest.fixture
def writer(path: Path) -> Iterator[SQLiteStore]:
    """Somebody who may write it."""
    store = SQLiteStore(path)
    store.create_collection("papers", SETTINGS)
    yield store
    store.close()


@pytest.fixture
def reader(path: Path, writer: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> SQLiteStore:
    """Somebody who may not, as opened while the first is at it."""
    assert writer.collections()
    monkeypatch.setattr(database, "_may_be_written", lambda *_: False)
    return SQLiteStore(path)


def test_it_is_read_while_somebody_else_writes(writer: SQLiteStore, reader: SQLiteStore) -> None:
    assert reader.read_only
    assert not writer.read_only
    writer.commit("papers", written("a", "Ann likes Bob"))
    assert reader.collection("papers").revision == 1
    assert reader.fingerprints("papers") == writer.fingerprints("papers")


def test_it_is_read_when_nobody_writes_and_again_when_somebody_does(
    path: Path, writer: SQLiteStore, reader: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.close()
    assert not path.with_name("ammon.sqlite-wal").exists()
    assert reader.collection("papers").revision == 0
    monkeypatch.undo()
    another = SQLiteStore(path)
    another.commit("papers", written("a", "Ann likes Bob"))
    assert reader.collection("papers").revision == 1
    another.close()
    assert reader.collection("papers").revision == 1


def test_reading_leaves_nothing_beside_it(
    path: Path, writer: SQLiteStore, reader: SQLiteStore
) -> None:
    writer.close()
    before = path.read_bytes()
    with reader.read("papers") as found:
        assert list(found.passages()) == []
    reader.close()
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_nothing_in_it_is_changed(path: Path, reader: SQLiteStore) -> None:
    for act in (
        lambda: reader.create_collection("another", SETTINGS),
        lambda: reader.commit("papers", Change()),
        lambda: reader.enqueue("papers", [document("a")]),
        lambda: reader.lease(worker="w", limit=1, seconds=1.0),
    ):
        with pytest.raises(StoreRefused, match=f"{path} is read-only.*AMMON_DATA_DIR"):
            act()


def test_an_older_one_is_not_brought_up_to_date(
    path: Path, writer: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.close()
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 1)
    connection.close()
    monkeypatch.setattr(database, "_may_be_written", lambda *_: False)
    with pytest.raises(StoreVersionUnknown, match="Open it once with write access: ammon status"):
        SQLiteStore(path)
