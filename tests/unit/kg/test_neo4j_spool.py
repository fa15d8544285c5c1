"""Rows put aside by readers of Neo4j."""

from collections.abc import Iterator

import pytest

from kg.errors import StoreUnavailable
from kg.neo4j.queries import queries
from kg.neo4j.spool import Spool


def test_rows_come_back_as_often_as_they_are_asked_for() -> None:
    spool = Spool()
    rows = [["a", 1, 0.1 + 0.2, None], ["线\n\x00🧠", {"k": ["v"]}, True, ""]]
    spool.put("rows", rows)
    spool.put("none", [])
    spool.put("more", ([number] for number in range(100_000)))
    assert list(spool.rows("rows")) == list(spool.rows("rows")) == rows
    assert list(spool.rows("none")) == []
    assert list(spool.rows("more")) == [[number] for number in range(100_000)]
    pairs = zip(spool.rows("more"), spool.rows("more"), strict=True)
    assert all(one == other for one, other in pairs)
    spool.close()


def test_an_iterator_that_was_begun_ends_with_the_spool() -> None:
    spool = Spool()
    spool.put("rows", [[1], [2]])
    rows = spool.rows("rows")
    assert next(rows) == [1]
    spool.close()
    with pytest.raises(StoreUnavailable, match="reader was closed"):
        next(rows)


def test_what_is_written_after_a_clearing_is_all_there_is() -> None:
    spool = Spool()
    spool.put("rows", [["long, and longer than what follows"], [2]])
    spool.put("more", [[3]])
    spool.clear()
    spool.put("rows", [[1]])
    assert list(spool.rows("rows")) == [[1]]
    with pytest.raises(KeyError):
        list(spool.rows("more"))
    spool.close()


def test_who_still_writes_when_the_spool_is_closed_is_told() -> None:
    spool = Spool()

    def rows() -> Iterator[list[int]]:
        yield [1]
        spool.close()
        yield [2]

    with pytest.raises(StoreUnavailable, match="reader was closed"):
        spool.put("rows", rows())
    with pytest.raises(StoreUnavailable, match="reader was closed"):
        spool.clear()


def test_no_query_is_put_together_from_texts() -> None:
    """What varies is a parameter: nothing in a query waits to be filled in."""
    for file in ("collections", "commit", "derived", "queue", "reader", "schema"):
        for name, query in queries(file).items():
            assert query.strip().endswith(";"), name
            assert "%s" not in query, name
            assert "{}" not in query, name
