"""A server of one snapshot, as a process of its own: `python -m bench.question_server FOLDER`.

Its collection `together` embeds questions together that come at once, `apart` each by itself; both
have the same snapshot and the same model, and no cache. It prints its port; then, for each line of
its standard input, the seconds of a processor that it has used; it ends with its input.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from bench.embedding import warm
from inference.dynamic_batching import BatchingEmbedder
from inference.embedder import Embedder
from inference.folding import FoldingEmbedder
from kg.records import Collection
from kg.snapshot import Snapshot, SnapshotFolder
from retrieval.retriever import Retriever
from server.composition import compose
from server.core import Core
from server.http.app import create_app
from server.logs import configure
from server.retrievers import Retrievers
from server.settings import Settings

if TYPE_CHECKING:
    from uvicorn import Server

TOGETHER, APART = "together", "apart"


class QuestionServer:
    """The process, and what it is asked beside questions."""

    def __init__(self, snapshots: Path, threads: int) -> None:
        """Start it. `threads`: of the embedder."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.question_server", str(snapshots), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
            env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"},
        )
        self.port = int(self._line())

    def cpu(self) -> float:
        """Seconds of a processor that it has used."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def close(self) -> None:
        """Let it end."""
        self._process.communicate(timeout=60)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server ended with {self._process.wait()}")
        return line


@contextmanager
def question_server(snapshots: Path, threads: int) -> Iterator[QuestionServer]:
    """A server while the body runs."""
    server = QuestionServer(snapshots, threads)
    try:
        yield server
    finally:
        server.close()


def _serve(snapshots: Path, threads: int) -> None:
    """Answer over HTTP until the standard input ends."""
    import uvicorn

    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as listening,
    ):
        settings = Settings(data_dir=Path(folder), log_level="warning")
        configure(settings, "warning")
        core = _with_both(compose(settings), SnapshotFolder(snapshots), threads)
        app = create_app(settings, lambda _: core)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        Thread(target=_speak, args=(server,), daemon=True).start()
        print(listening.getsockname()[1], flush=True)
        server.run([listening])


class _Both(Retrievers):
    """The two collections' retrievers."""

    def __init__(self, folder: SnapshotFolder, embedders: Mapping[str, Embedder]) -> None:
        super().__init__(lambda _: folder, lambda chosen: embedders[chosen.embedder])
        snapshot = Snapshot.read(folder.open())
        self._made = {name: Retriever(snapshot, one) for name, one in embedders.items()}
        for retriever in self._made.values():
            retriever.prepare(["ammon"])

    def get(self, collection: Collection) -> Retriever:
        return self._made[collection.name]


def _with_both(core: Core, folder: SnapshotFolder, threads: int) -> Core:
    """The two collections, opened."""
    for name in (TOGETHER, APART):
        core.create_collection(name)
    model = warm(threads)
    embedders: dict[str, Embedder] = {
        TOGETHER: FoldingEmbedder(BatchingEmbedder(model)),
        APART: FoldingEmbedder(model),
    }
    return replace(core, retrievers=_Both(folder, embedders))


def _speak(server: "Server") -> None:
    for _ in sys.stdin:
        print(time.process_time(), flush=True)
    server.should_exit = True


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
