"""A server that only answers, and a feeder that only ingests, as processes of their own.

`python -m bench.serving serve FOLDER` prints its port. `python -m bench.serving feed FOLDER DATA`
reads numbers, adds so many documents each time, publishes them, and prints the revision. Both end
with their standard input.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import IO

from bench.datasets import Library
from server.core import Core
from server.evaluation.dataset import read_dataset
from server.settings import PREFIX, Settings
from server.workforce import Resting

_ROOT = Path(__file__).parents[1]


def serve(folder: Path) -> None:
    """`ammon serve` until the standard input ends, but that its worker takes no work."""
    from server.cli.app import main
    from server.composition import compose

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    given = {"DATA_DIR": str(folder), "EMBEDDING_THREADS": "1", "LOG_LEVEL": "warning"}
    os.environ.update({f"{PREFIX}{name}": value for name, value in given.items()})

    def opened(settings: Settings) -> Core:
        print(port, flush=True)  # it listens already: who comes now waits until it answers
        core = compose(settings)
        return replace(core, worker=Resting(core.pipeline))  # the documents are the feeder's

    Thread(target=_end_with_input, daemon=True).start()
    main(["serve", "--host", "127.0.0.1", "--port", port, "--processes", "1"], opener=opened)


def _end_with_input() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGINT)


def feed(folder: Path, data: Path, extractor: str) -> None:
    """Add as many documents as each line says; print the revision after each."""
    dataset = read_dataset(data)
    documents = iter(dataset.documents)
    with Library(folder, dataset, extractor, 1) as library:
        for line in sys.stdin:
            library.add(islice(documents, int(line)))
            print(library.snapshots.open().manifest.revision, flush=True)


class Process:
    """A process that is spoken to by lines."""

    def __init__(self, *arguments: str) -> None:
        """Start `python -m bench.serving ARGUMENTS`."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.serving", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
            env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"},
        )

    def tell(self, line: str) -> None:
        """Give it a line."""
        file = self._file(self._process.stdin)
        file.write(f"{line}\n")
        file.flush()

    def hear(self) -> str:
        """Wait for a line of its. Raises: RuntimeError if it ended."""
        line = self._file(self._process.stdout).readline()
        if not line:
            raise RuntimeError(f"the process ended with {self._process.wait()}")
        return line.strip()

    def close(self) -> None:
        """Let it end."""
        self._file(self._process.stdin).close()
        self._process.wait(60)
        self._file(self._process.stdout).close()

    def _file(self, file: IO[str] | None) -> IO[str]:
        assert file is not None
        return file


@contextmanager
def process(*arguments: str) -> Iterator[Process]:
    """A process while the body runs."""
    started = Process(*arguments)
    try:
        yield started
    finally:
        started.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        feed(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
