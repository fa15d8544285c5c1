"""`ammon serve --processes 2`: real processes, sockets and files; small models."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.doubles.waiting import until
from tests.integration.test_cli_process import environment

_SERVE = """
import sys
from server.cli import main
from tests.doubles.house import open_house
from tests.doubles.orphans import end_with_parent
end_with_parent()
sys.exit(main(["serve", "--port", "0", "--processes", "2"], opener=open_house))
"""
_BOTH = ("Donald Hebb", "Karl Lashley")


class Server:
    """The server, and what it logs."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log"
        with self._log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _SERVE],
                env=environment(folder / "data") | {"AMMON_LOG_FORMAT": "json"},
                stderr=log,
            )

    def begin(self) -> None:
        """Wait until both answer, or it has ended."""
        until(lambda: len(self.begun()) == 2 or self.process.poll() is not None)
        assert self.process.poll() is None, self._log.read_text(encoding="utf-8")
        (told,) = (str(line["event"]) for line in self.lines() if "running" in str(line["event"]))
        self.api = f"{told.split()[2]}/api/v1"

    def begun(self) -> set[object]:
        lines = self.lines()
        return {one["process"] for one in lines if one["event"] == "Application startup complete."}

    def lines(self) -> list[dict[str, object]]:
        whole = self._log.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]

    def pids(self) -> dict[int, int]:
        """Number -> id of the processes that answer."""
        return {
            int(str(line["process"])): int(str(line["event"]).split("[")[1].rstrip("]"))
            for line in self.lines()
            if str(line["event"]).startswith("Started server process")
        }

    def answered(self, path: str) -> set[object]:
        """The processes that answered requests for this path well."""
        return {
            line["process"]
            for line in self.lines()
            if line["event"] == "request" and line["path"] == path and line["status"] == 200
        }

    def ask(self, question: str) -> list[str]:
        """The titles that one of the processes finds, over a connection of its own."""
        asked = {"question": question, "k": 5}
        got = httpx2.post(f"{self.api}/collections/papers/query", json=asked, timeout=100)
        assert got.status_code == 200, f"{got.text} {self._log.read_text(encoding='utf-8')}"
        return [hit["title"] for hit in got.json()["hits"]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path)
    try:
        started.begin()
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        for pid in started.pids().values():
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pids: dict[int, int]) -> Callable[[], bool]:
    return lambda: not any(is_alive(pid) for pid in pids.values())


def ingest(server: Server, title: str) -> None:
    document = {"title": title, "text": f"{title} sought the Engram."}
    got = httpx2.post(f"{server.api}/collections/papers/documents", json=[document], timeout=100)
    assert got.status_code == 202, got.text


def test_what_one_takes_in_all_find(server: Server) -> None:
    made = httpx2.post(f"{server.api}/collections", json={"name": "papers"}, timeout=100)
    assert made.status_code == 201, made.text
    path = "/api/v1/collections/papers/query"
    for title in ("Karl Lashley", "Donald Hebb"):
        ingest(server, title)
        until(lambda title=title: title in server.ask("Who sought the Engram?"))  # type: ignore[misc]

    # The other swaps to the new snapshot at its next look.
    until(lambda: {tuple(sorted(server.ask("Engram?"))) for _ in range(20)} == {_BOTH})
    until(lambda: len(server.ask("Engram?")) == 2 and server.answered(path) == {0, 1})


@pytest.mark.parametrize("number", [0, 1])
def test_one_that_dies_is_replaced_while_the_other_answers(server: Server, number: int) -> None:
    before = server.pids()
    os.kill(before[number], signal.SIGKILL)
    for _ in range(5):
        got = httpx2.get(f"{server.api}/health/ready", timeout=100)
        assert got.json() == {"status": "ok", "warnings": []}
    until(lambda: server.pids()[number] != before[number])
    after = server.pids()
    assert after[1 - number] == before[1 - number]
    assert is_alive(after[number])


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_first_process_ends_all_in_order(
    server: Server, told: signal.Signals
) -> None:
    pids = server.pids()
    server.process.send_signal(told)
    assert server.process.wait(60) == 0
    assert gone(pids)()
    ended = [line for line in server.lines() if line["event"] == "Application shutdown complete."]
    assert {line["process"] for line in ended} == {0, 1}


def test_a_request_under_way_is_answered_before_its_process_ends(server: Server) -> None:
    host, port = server.api.split("/")[2].split(":")
    body = json.dumps({"name": "papers"}).encode()
    head = f"POST /api/v1/collections HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as asking:
        asking.sendall(head.encode())
        assert asking.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n", "it waits for the body"
        asking.sendall(body[:5])
        server.process.send_signal(signal.SIGTERM)
        until(lambda: any(line["event"] == "Shutting down" for line in server.lines()))
        asking.sendall(body[5:])
        assert asking.recv(100).startswith(b"HTTP/1.1 201")
    assert server.process.wait(60) == 0


def test_processes_that_nobody_watches_over_end(server: Server) -> None:
    pids = server.pids()
    server.process.kill()
    server.process.wait()
    until(gone(pids))
