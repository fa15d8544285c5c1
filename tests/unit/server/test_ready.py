"""Whether the server is ready is told in two seconds, whatever does not answer."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from server.core import Core
from server.folders import Folders
from server.http.routers import health
from tests.doubles.house import open_house, settings_in
from tests.doubles.waiting import Watch

SOON = 3.0


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    """Its snapshots are at a URL."""
    url = (tmp_path / "far").as_uri()
    core = open_house(settings_in(tmp_path, snapshot_url=url))
    yield core
    core.close()


def probe(core: Core) -> Any:
    """A request."""
    return SimpleNamespace(
        app=SimpleNamespace(state=SimpleNamespace(core=core)), url=SimpleNamespace(path="/ready")
    )


def asked(core: Core, busy_threads: int = 0) -> tuple[Any, float]:
    """The answer, and after how many seconds it came, while so many requests occupy all threads."""

    async def ask() -> tuple[Any, float]:
        if busy_threads:
            anyio.to_thread.current_default_thread_limiter().total_tokens = busy_threads
        async with anyio.create_task_group() as requests:
            for _ in range(busy_threads):
                requests.start_soon(anyio.to_thread.run_sync, time.sleep, 5.0)
            await anyio.sleep(0.1)
            with Watch() as watch:
                answer = await health.ready(probe(core))
            return answer, watch.seconds

    return anyio.run(ask)


def silent(*_: object) -> str:
    time.sleep(6.0)
    return ""


def test_while_the_bucket_is_away_readiness_waits_for_no_request(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Folders, "trouble", lambda _: "the bucket is away")
    monkeypatch.setattr(Folders, "has_copies", lambda _: True)
    answer, seconds = asked(core, busy_threads=2)
    assert answer.warnings == ["the bucket is away"]
    assert seconds < SOON


def test_a_bucket_that_hangs_is_a_warning_where_there_are_copies(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Folders, "trouble", silent)
    monkeypatch.setattr(Folders, "has_copies", lambda _: True)
    answer, seconds = asked(core)
    assert ["did not answer within 2 s" in warning for warning in answer.warnings] == [True]
    assert seconds < SOON


def test_a_slow_store_and_a_bucket_that_hangs_take_no_longer_together(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.store, "probe", lambda: time.sleep(1.5))
    monkeypatch.setattr(Folders, "trouble", silent)
    answer, seconds = asked(core)
    assert answer.status_code == 503
    assert b"did not answer within 2 s" in answer.body
    assert seconds < SOON


def test_a_folder_that_hangs_is_not_waited_for(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Folders, "trouble", lambda _: "the bucket is away")
    monkeypatch.setattr(Folders, "has_copies", silent)
    answer, seconds = asked(core)
    assert answer.status_code == 503
    assert seconds < SOON


def test_a_bucket_that_hangs_is_asked_once_however_many_probes_come(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, begun = Event(), []

    def hang(*_: object) -> str:
        begun.append(True)
        go_on.wait(60)
        return ""

    async def ask() -> Any:
        found = await asyncio.gather(*(health.ready(probe(core)) for _ in range(5)))
        assert [answer.status_code for answer in found] == [503] * 5
        found = await asyncio.gather(*(health.ready(probe(core)) for _ in range(5)))
        assert [answer.status_code for answer in found] == [503] * 5
        assert len(begun) == 1
        go_on.set()
        return await health.ready(probe(core))

    monkeypatch.setattr(Folders, "trouble", hang)
    assert asyncio.run(ask()).status == "ok"
    assert asked(core)[0].status == "ok"
    assert len(begun) > 1, "what is over is checked anew"
