"""A broker, a store, a served model, and workers that are processes: a whole plant, for tests and
benchmarks that start, kill and count."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.dump import dump_hash
from kg.records import SourceDocument
from server.core import Core
from server.indexing_options import IndexingOptions
from server.settings import Settings
from tests.doubles.waiting import until
from tests.doubles.worker_process import open_plant

ROOT = Path(__file__).parents[2]
COLLECTION = "corpus"
WANTED = IndexingOptions(extractor="llm:scripted", max_tokens=24)


def corpus(documents: int, passages: int = 2) -> list[SourceDocument]:
    """Documents whose every passage says something else."""
    return [
        SourceDocument(
            source=f"{number}.txt",
            title=f"Report {number}",
            text="\n\n".join(
                f"In year {part} clerk Person{number}x{part} wrote to Person{number}x{part + 1} "
                f"about the bridge of Town{number % 17} and its long and costly repair."
                for part in range(passages)
            ),
        )
        for number in range(documents)
    ]


@dataclass(kw_only=True)
class Plant:
    """What is shared: a data folder, a broker's address, a model's address."""

    folder: Path
    broker_url: str
    model_url: str
    extra: dict[str, str] = field(default_factory=dict)
    """Further settings."""
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def settings(self, **changes: Any) -> Settings:
        """Of every process of the plant."""
        own = {
            "data_dir": self.folder / "data",
            "broker_url": self.broker_url,
            "llm_base_url": self.model_url,
            "llm_concurrency": 16,
        }
        return Settings.model_validate({**own, **self.extra, **changes})

    @contextmanager
    def opened(self, **changes: Any) -> Iterator[Core]:
        """A core, as of the API's process."""
        core = open_plant(self.settings(**changes))
        try:
            yield core
        finally:
            core.close()

    def begin(
        self, queues: str = "extract,embed,commit", concurrency: int = 2, hold: float = 12.0
    ) -> int:
        """Start a worker, whose passages would be free on another machine so many seconds after its
        death; return its place in `workers`."""
        module = "tests.doubles.worker_process"
        return self._start("-m", module, queues, str(concurrency), str(hold))

    def begin_script(self, code: str) -> int:
        """Start a process that runs this code; return its place in `workers`."""
        return self._start("-c", code)

    def begin_api(self, port: int) -> int:
        """Start the HTTP API; return its place in `workers`."""
        return self._start("-m", "tests.doubles.api_process", str(port))

    def _start(self, *arguments: str) -> int:
        settings = self.settings()
        chosen = {
            "AMMON_DATA_DIR": str(settings.data_dir),
            "AMMON_BROKER_URL": settings.broker_url,
            "AMMON_LLM_BASE_URL": settings.llm_base_url,
            "AMMON_LLM_CONCURRENCY": str(settings.llm_concurrency),
            **{f"AMMON_{name.upper()}": value for name, value in self.extra.items()},
        }
        log = self.folder / f"worker-{len(self.workers)}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**os.environ, **chosen},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.workers.append(process)
        return len(self.workers) - 1

    def log(self, place: int) -> str:
        """What a worker has said."""
        return (self.folder / f"worker-{place}.log").read_text(errors="replace")

    def wait_for(self, place: int, said: str, seconds: float = 120.0) -> None:
        """Until a worker has said something."""
        until(lambda: said in self.log(place), seconds)

    def runs(self, place: int) -> bool:
        """Whether a worker has not ended yet."""
        return self.workers[place].poll() is None

    def kill(self, place: int) -> None:
        """As kill -9 does."""
        self.workers[place].kill()
        self.workers[place].wait()

    def end(self, place: int, seconds: float = 60.0) -> int:
        """As an operator does; the exit code."""
        self.workers[place].send_signal(signal.SIGTERM)
        return self.workers[place].wait(seconds)

    def close(self) -> None:
        """End all that runs."""
        for process in self.workers:
            if process.poll() is None:
                process.kill()
                process.wait()


def graph_of(core: Core, collection: str = COLLECTION) -> str:
    """A hash of the whole graph."""
    with core.store.read(collection) as reader:
        return dump_hash(reader)


def undisturbed(
    folder: Path, model_url: str, documents: list[SourceDocument], options: IndexingOptions = WANTED
) -> str:
    """The hash of the graph that one process makes of the documents, without a broker or drafts."""
    plant = Plant(folder=folder, broker_url="", model_url=model_url)
    with plant.opened(first_tier=False) as core:
        core.create_collection(COLLECTION, options)
        core.submit(COLLECTION, documents)
        core.worker.run_until_empty(COLLECTION)
        return graph_of(core)
