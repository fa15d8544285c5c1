import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import apsw
import pytest

from kg.codec import document_fields, dumps
from kg.errors import CollectionNotFound, InputError, StoreUnavailable, StoreVersionUnknown
from kg.jobs import LONGEST_STEP, UNLIMITED, Progress
from kg.records import CollectionSettings
from kg.sqlite import SQLiteStore
from kg.sqlite.database import Database, _migrations
from kg.sqlite.queries import queries
from kg.store import Change
from tests.conformance.material import document, written

SETTINGS = CollectionSettings()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ammon.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(path)
    yield store
    store.close()


def pragma(path: Path, statement: str) -> object:
    connection = apsw.Connection(str(path))
    found = connection.execute(statement).fetchall()
    connection.close()
    return found


def test_what_was_written_is_there_after_opening_again(path: Path) -> None:
    first = SQLiteStore(path)
    made = first.create_collection("a", SETTINGS)
    first.close()
    second = SQLiteStore(path)
    assert second.collections() == [made]
    second.close()


def test_the_folder_is_made(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "deep" / "down" / "ammon.sqlite").close()
    assert (tmp_path / "deep" / "down" / "ammon.sqlite").is_file()


def test_the_file_is_in_wal_mode_and_knows_its_version(path: Path, store: SQLiteStore) -> None:
    assert pragma(path, "PRAGMA journal_mode") == [("wal",)]
    assert pragma(path, "PRAGMA user_version") == [(8,)]


def test_transactions_are_synced_and_foreign_keys_enforced(path: Path) -> None:
    database = Database(path)
    with database.read() as connection:
        assert connection.pragma("synchronous") == 2
        assert connection.pragma("foreign_keys") == 1
    database.close()


def test_nothing_but_the_file_is_left_once_closed(path: Path, store: SQLiteStore) -> None:
    store.create_collection("a", SETTINGS)
    store.close()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_file_of_a_newer_version_is_refused_with_both_versions(path: Path) -> None:
    SQLiteStore(path).close()
    pragma(path, "PRAGMA user_version = 9")
    with pytest.raises(StoreVersionUnknown, match=r"version 9.*up to 8.*Install"):
        SQLiteStore(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("This is a letter to my aunt, and a long one too. " * 30)
    with pytest.raises(StoreUnavailable, match=f"{re.escape(str(path))}.*move it away") as raised:
        SQLiteStore(path)
    assert isinstance(raised.value.__cause__, apsw.NotADBError)


def test_a_damaged_file_is_told_with_its_path(path: Path) -> None:
    store = SQLiteStore(path)
    store.create_collection("a", SETTINGS)
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(StoreUnavailable, match="backup") as raised:
        SQLiteStore(path).collections()
    assert str(path) in str(raised.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match=r"Cannot create.*Check"):
        SQLiteStore(tmp_path / "file" / "ammon.sqlite")


def test_a_path_that_is_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="Check that the folder"):
        SQLiteStore(tmp_path)


def test_a_lock_held_too_long_is_told_with_the_path(path: Path) -> None:
    database = Database(path, busy_seconds=0.05)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="Another process") as raised, database.write():
        pass
    assert isinstance(raised.value.__cause__, apsw.BusyError)
    assert str(path) in str(raised.value)
    other.execute("ROLLBACK")
    other.close()
    with database.write() as connection:
        assert connection.in_transaction
    database.close()


def test_a_reader_does_not_keep_writers_waiting(path: Path, store: SQLiteStore) -> None:
    database = Database(path)
    with database.read():
        store.create_collection("a", SETTINGS)
    database.close()


def test_a_writer_waits_until_another_is_done(path: Path, store: SQLiteStore) -> None:
    database = Database(path)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            waiting = pool.submit(store.create_collection, "a", SETTINGS)
            connection.execute("INSERT INTO collections (name, settings) VALUES ('b', '{}')")
            time.sleep(0.05)
            assert not waiting.done()
        assert waiting.result().name == "a"
    database.close()


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    database = Database(path)

    def begin() -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO collections (name, settings) VALUES ('a', '{}')")
            raise KeyError("stop")

    with pytest.raises(KeyError):
        begin()
    with database.read() as connection:
        assert connection.execute("SELECT count(*) FROM collections").fetchall() == [(0,)]
    database.close()


def test_a_closed_store_says_so(store: SQLiteStore) -> None:
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.collections()


def test_a_store_may_be_closed_twice(store: SQLiteStore) -> None:
    store.close()
    store.close()


def test_a_reader_that_is_open_while_the_store_closes_is_finished(store: SQLiteStore) -> None:
    store.create_collection("a", SETTINGS)
    with store.read("a") as reader:
        store.close()
        assert reader.counts()["documents"] == 0


def test_an_iterator_used_after_its_reader_says_so(store: SQLiteStore) -> None:
    store.create_collection("a", SETTINGS)
    with store.read("a") as reader:
        passages = reader.passages()
    with pytest.raises(StoreUnavailable, match="reader was closed"):
        next(passages)


def test_an_iterator_that_was_begun_says_so_too(store: SQLiteStore) -> None:
    store.create_collection("a", SETTINGS)
    store.commit("a", Change(put=tuple(written(source).put[0] for source in "xyz")))
    with store.read("a") as reader:
        documents = reader.documents()
        next(documents)
    with pytest.raises(StoreUnavailable, match="reader was closed"):
        next(documents)


def test_a_name_that_is_no_text_is_refused(store: SQLiteStore) -> None:
    with pytest.raises(InputError, match="surrogate"):
        store.collection("\ud800")


def test_a_name_with_sql_in_it_is_only_a_name(store: SQLiteStore) -> None:
    store.create_collection("a", SETTINGS)
    with pytest.raises(CollectionNotFound):
        store.collection("a' OR '1'='1")


def test_migrations_are_numbered_without_a_gap_and_set_their_number() -> None:
    found = sorted(
        (entry.name, entry.read_text(encoding="utf-8"))
        for entry in resources.files("kg.sqlite.migrations").iterdir()
        if entry.name.endswith(".sql")
    )
    for number, (name, text) in enumerate(found, 1):
        assert name.startswith(f"{number:04}_")
        assert text.rstrip().endswith(f"PRAGMA user_version = {number};")


def test_an_ammon_that_knows_of_nothing_superseded_opens_no_file_that_this_one_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SQLiteStore(path).close()
    former = {number: text for number, text in _migrations().items() if number < 8}
    monkeypatch.setattr("kg.sqlite.database._migrations", lambda: former)
    with pytest.raises(StoreVersionUnknown, match=r"version 8.*up to 7"):
        SQLiteStore(path)


def test_a_file_of_the_first_version_is_brought_up_to_date_with_what_waits_in_it(
    path: Path,
) -> None:
    (first,) = Path(str(resources.files("kg.sqlite.migrations"))).glob("0001_*.sql")
    fields = {**document_fields(document("a", "text"))}
    connection = apsw.Connection(str(path))
    connection.execute(first.read_text(encoding="utf-8"))
    connection.execute("INSERT INTO collections (name, settings) VALUES (?, '{}')", ("library",))
    connection.execute("INSERT INTO jobs (id, collection, created_at) VALUES ('job-1', 1, 5.0)")
    connection.execute(
        "INSERT INTO tasks (id, job, collection, document_id, source, fingerprint, document)"
        " VALUES ('tsk-1', 1, 1, ?, 'a', 'f', ?)",
        (document("a").id, dumps(fields)),
    )
    connection.close()
    store = SQLiteStore(path)
    assert store.collection("library").identity == "", "its snapshots are where they were"
    (task,) = store.lease(worker="w", limit=9, seconds=60)
    assert task.document == document("a", "text")
    store.note_progress({"tsk-1": Progress(passages=3)})
    job = store.job("job-1")
    assert (job.progress.passages, job.priority, job.budget) == (3, 0, UNLIMITED)
    assert job.worked_seconds == LONGEST_STEP, "it was handed in long ago"
    assert store.hold("x", worker="w", seconds=1)
    store.close()


@pytest.mark.parametrize("file", ["collections", "commit", "derived", "queue", "reader"])
def test_every_query_is_used_and_searches_by_its_collection(file: str, path: Path) -> None:
    folder = Path(str(resources.files("kg.sqlite")))
    code = "".join(source.read_text(encoding="utf-8") for source in folder.glob("*.py"))
    database = Database(path)
    with database.read() as connection:
        for name, text in queries(file).items():
            assert f'"{name}"' in code
            names = dict.fromkeys(re.findall(r":(\w+)", text))
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", names)
            scans = [row[3] for row in plan if str(row[3]).startswith("SCAN ")]
            assert all(
                re.match(r"SCAN (json_each|jobs|leases|collections|CONSTANT|\d+)", scan)
                for scan in scans
            )
    database.close()
