"""One server for all processes of a test run, started by whoever needs it first.

Each process that uses the server holds a shared lock on a file; who leaves and finds itself the
last ends the server. Should the whole run be killed, the server's guardian (see `guard`) ends it.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]
State = dict[str, Any]

_GUARDIANS: list["subprocess.Popen[bytes]"] = []
"""Kept, lest Python warn of those that nobody but their servers' users waits for."""


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of this test run share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def missing(reason: str) -> None:
    """Skip for want of a program; where CI is set, fail."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need(program: str, install: str) -> None:
    """Skip, or in CI fail, unless the program is there."""
    if shutil.which(program) is None:
        missing(f"{program} is not installed: {install}")


@contextmanager
def shared(name: str, folder: Path, start: Callable[[Path], State]) -> Iterator[State]:
    """What `start` told of the server (its `pid` at least); `start` gets a folder of its own."""
    with (folder / f"{name}.users").open("w") as users, (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = folder / f"{name}.json"
        try:
            if not file.exists():
                home = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
                file.write_text(json.dumps(start(home)))
            state: State = json.loads(file.read_text())
            fcntl.flock(users, fcntl.LOCK_SH)
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        try:
            yield state
        finally:
            fcntl.flock(lock, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_UN)
            if _last(users):
                file.unlink()
                stop(int(state["pid"]))


def _last(users: Any) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def guard(
    command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a server under a guardian, which ends it when told to, or when the test run is gone.

    The pid is the guardian's: it ends when the server does, and `stop` ends both.
    """
    main = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.guardian", str(main), *command],
            cwd=_ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _GUARDIANS.append(process)
    return process


def stop(pid: int) -> None:
    """End a guardian and its server; their data are nobody's any more."""
    try:
        os.kill(pid, 15)
    except ProcessLookupError:
        return
    with suppress(ChildProcessError):  # another process of the run started it
        os.waitpid(pid, 0)


def hang(pid: int) -> None:
    """Let a guardian's server take connections and say nothing, until it is to `go_on`."""
    os.kill(_server_of(pid), signal.SIGSTOP)


def go_on(pid: int) -> None:
    """Let it answer again."""
    os.kill(_server_of(pid), signal.SIGCONT)


def _server_of(guardian: int) -> int:
    return int(Path(f"/proc/{guardian}/task/{guardian}/children").read_text().split()[0])


def wait_until(
    answers: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path, seconds: float = 240
) -> None:
    """Wait until the server answers. Raises: RuntimeError if it ends, or never does."""
    deadline = time.monotonic() + seconds
    while not answers():
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text(errors='replace')[-3000:]}")
        if time.monotonic() > deadline:
            stop(process.pid)
            raise RuntimeError(f"no answer after {seconds:.0f} s: {log.read_text()[-3000:]}")
        time.sleep(0.1)
