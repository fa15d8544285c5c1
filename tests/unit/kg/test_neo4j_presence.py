"""Whether a server answers, without one."""

from threading import Event

import pytest

from kg.errors import StoreClosed, StoreError, StoreOverloaded, StoreStarting
from kg.fail_fast import failing_fast
from kg.neo4j.diagnosis import diagnosis
from kg.neo4j.presence import Presence


def test_what_begins_after_the_end_is_refused_and_not_waited_for() -> None:
    presence, begun = Presence(lambda: None), Event()
    presence.close()
    with pytest.raises(StoreClosed):
        presence.attended(begun.set)
    assert not begun.wait(0.1)


def test_a_server_whose_database_is_not_open_yet_is_there() -> None:
    opened = Event()
    asked: list[None] = []

    def ask() -> None:
        asked.append(None)
        if len(asked) == 2:
            opened.set()
        raise StoreStarting("database unavailable")

    with failing_fast(60.0):
        assert Presence(ask).attended(lambda: opened.wait(60.0))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Neo.TransientError.General.DatabaseUnavailable", StoreStarting),
        ("Neo.TransientError.Database.DatabaseUnavailable", StoreStarting),
        ("Neo.TransientError.Transaction.DeadlockDetected", StoreOverloaded),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", StoreOverloaded),
        ("Neo.TransientError.General.TransactionOutOfMemoryError", StoreOverloaded),
        ("Neo.ClientError.Transaction.TransactionTimedOut", StoreOverloaded),
        ("Neo.ClientError.Statement.SyntaxError", StoreError),
    ],
)
def test_what_a_server_says_tells_whether_it_is_starting_or_has_too_much_to_do(
    code: str, kind: type[StoreError]
) -> None:
    neo4j = pytest.importorskip("neo4j", reason="pip install -e '.[neo4j]'")
    error = neo4j.exceptions.Neo4jError._hydrate_neo4j(code=code, message="said")
    assert diagnosis(error)[0] is kind


def test_a_server_short_of_memory_names_what_to_raise() -> None:
    neo4j = pytest.importorskip("neo4j", reason="pip install -e '.[neo4j]'")
    error = neo4j.exceptions.Neo4jError._hydrate_neo4j(
        code="Neo.TransientError.General.MemoryPoolOutOfMemoryError", message="threshold reached"
    )
    remedy = diagnosis(error)[1]
    assert "server.memory.heap.max_size" in remedy
    assert "dbms.memory.transaction.total.max" in remedy


def test_a_server_that_has_too_much_to_do_does_not_count_as_away() -> None:
    asked: list[None] = []
    presence = Presence(lambda: asked.append(None))

    def overloaded() -> None:
        raise StoreOverloaded("no memory left")

    with failing_fast(60.0):
        with pytest.raises(StoreOverloaded):
            presence.attended(overloaded)
        assert presence.attended(lambda: "here") == "here"
    assert not asked, "nobody looks for it"
