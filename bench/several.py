"""`ammon serve` over a generated corpus, in as many processes as wanted, as a process of its own.

`python -m bench.several CORPUS FOLDER PROCESSES COUNT` serves a corpus from a data folder of its
own and prints the port. Questions go through the model that comes with Ammon, as in earnest; then
the generator says what their vectors are. A line in FOLDER/asked tells of each that a process
embedded. It takes in no documents.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.generator import QuestionEmbedder, chain_questions
from inference.embedder import Kind, Progress, Vectors
from inference.folding import RULES
from inference.onnx import OnnxEmbedder
from kg.snapshot import Snapshot, SnapshotFolder

if TYPE_CHECKING:
    from server.core import Core
    from server.settings import Settings

_COLLECTION = "corpus"
_SECONDS = 300.0


class Embedder:
    """Does the model's work, and gives the generator's vectors."""

    def __init__(self, told: QuestionEmbedder, asked: Path) -> None:
        self._told = told
        self._model = OnnxEmbedder(threads=1)
        self._asked = asked

    @property
    def model_id(self) -> str:
        return self._told.model_id.removesuffix(f":{RULES}")  # which the server adds

    @property
    def dimension(self) -> int:
        return self._told.dimension

    @property
    def max_tokens(self) -> int:
        return self._told.max_tokens

    def count_tokens(self, text: str) -> int:
        return self._model.count_tokens(text)

    def settle(self) -> None:
        self._model.settle()

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        self._model.embed(texts, kind)
        with self._asked.open("a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        return self._told.embed(texts, kind, progress)


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A server that runs."""

    pid: int
    url: str
    asked: Path

    def pids(self) -> tuple[int, ...]:
        """All its processes, the first of which watches over the others if there are several."""
        found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return self.pid, *map(int, found.split())

    def ask(self, question: str, mode: str) -> None:
        """Ask over a connection of its own, and wait for the answer."""
        body = json.dumps({"question": question, "mode": mode}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 - http
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            answer.read()

    def least_embedded(self, processes: int) -> int:
        """How often the process embedded questions that did so least."""
        if not self.asked.is_file():
            return 0
        times = Counter(self.asked.read_text(encoding="ascii").split())
        times.pop(str(self.pid), None) if processes > 1 else None
        return min(times.values()) if len(times) == processes else 0


@contextmanager
def server(corpus: Path, folder: Path, processes: int, count: int) -> Iterator[Server]:
    """A server that knows `count` questions, while the body runs."""
    arguments = map(str, (corpus, folder, processes, count))
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.several", *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise SystemExit("The server has died: its error is above.")
        url = f"http://127.0.0.1:{port}/api/v1/collections/{_COLLECTION}/query"
        yield Server(pid=process.pid, url=url, asked=folder / "asked")
    finally:
        process.terminate()
        process.communicate(timeout=_SECONDS)


def main(corpus: Path, folder: Path, processes: int, count: int) -> None:
    """Serve until told to end."""
    import socket

    from server.logs import configure
    from server.serving import serve
    from server.settings import Settings

    settings = Settings(data_dir=folder / "data", processes=processes, log_level="warning")
    configure(settings, "warning")
    core = _core(settings, corpus, folder / "asked", count)
    place = core.folders.snapshots(core.create_collection(_COLLECTION)).path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(corpus.absolute(), target_is_directory=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        serve(core, listening)


def _core(settings: "Settings", corpus: Path, asked: Path, count: int) -> "Core":
    from server.composition import compose
    from server.workforce import Resting

    def embedder(name: str, _: "Settings") -> Embedder:  # noqa: ARG001 - of one model
        snapshot = Snapshot.read(SnapshotFolder(corpus).open())
        return Embedder(QuestionEmbedder(snapshot, chain_questions(snapshot, count)), asked)

    def idle(core: "Core") -> "Core":
        return replace(core, worker=Resting(core.pipeline), reopen=lambda: idle(core.reopen()))

    return idle(compose(settings, embedder=embedder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
