import pytest

from kg.changelog import REVISIONS_KEPT, Entry, Event, Kind, check_known, net_changes
from kg.errors import RevisionForgotten
from kg.store import Changes


@pytest.mark.parametrize(
    ("events", "put", "gone"),
    [
        ("came", True, False),
        ("changed", True, False),
        ("went", False, True),
        ("came changed", True, False),
        ("came went", False, False),
        ("came changed went", False, False),
        ("changed went", False, True),
        ("went came", True, False),
        ("went came went", False, True),
        ("came went came", True, False),
    ],
)
def test_events_come_down_to(events: str, put: bool, gone: bool) -> None:
    entries = [Entry(Kind.PASSAGE, "p", Event(event)) for event in events.split()]
    net = net_changes("c", 1, 9, entries)
    assert (net.passages_put == {"p"}, net.passages_deleted == {"p"}) == (put, gone)
    assert net.revision == 9


def test_documents_and_passages_do_not_mix() -> None:
    entries = [Entry(Kind.DOCUMENT, "x", Event.CAME), Entry(Kind.PASSAGE, "x", Event.WENT)]
    assert net_changes("c", 0, 1, entries) == Changes(
        revision=1, documents_put=frozenset("x"), passages_deleted=frozenset("x")
    )


def test_the_last_revisions_are_known() -> None:
    check_known("c", 5, 5 + REVISIONS_KEPT)
    with pytest.raises(RevisionForgotten, match="'c' since revision 4"):
        check_known("c", 4, 5 + REVISIONS_KEPT)


def test_what_came_before_a_collection_was_restored_is_not_known() -> None:
    entries = [Entry(Kind.COLLECTION, "c", Event.CAME), Entry(Kind.PASSAGE, "p", Event.CAME)]
    with pytest.raises(RevisionForgotten, match="'c' since revision 4"):
        net_changes("c", 4, 6, entries)
