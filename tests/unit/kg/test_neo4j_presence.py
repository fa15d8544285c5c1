"""Whether a server answers, without one."""

from threading import Event

import pytest

from kg.errors import StoreClosed
from kg.neo4j.presence import Presence


def test_what_begins_after_the_end_is_refused_and_not_waited_for() -> None:
    presence, begun = Presence(lambda: None), Event()
    presence.close()
    with pytest.raises(StoreClosed):
        presence.attended(begun.set)
    assert not begun.wait(0.1)
