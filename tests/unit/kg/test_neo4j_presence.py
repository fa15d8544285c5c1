"""Whether a server answers, without one."""

from threading import Event

import pytest

from kg.errors import StoreClosed, StoreError, StoreStarting, StoreUnavailable
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
        ("Neo.TransientError.Transaction.DeadlockDetected", StoreUnavailable),
        ("Neo.ClientError.Statement.SyntaxError", StoreError),
    ],
)
def test_a_server_that_says_that_its_database_is_not_open_yet_is_starting(
    code: str, kind: type[StoreError]
) -> None:
    neo4j = pytest.importorskip("neo4j", reason="pip install -e '.[neo4j]'")
    error = neo4j.exceptions.Neo4jError._hydrate_neo4j(code=code, message="said")
    assert diagnosis(error)[0] is kind
