"""A worker in earnest but for its embedder and its patience, as a process that tests may kill:
`python -m tests.doubles.worker_process QUEUES CONCURRENCY HOLD`, with settings in the environment.
"""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from threading import Event

from indexer.extraction.port import Extractor
from indexer.flow.broker import served
from indexer.flow.tools import Times
from inference.embedder import Embedder
from kg.records import Passage
from server import logs, settings
from server.adapters import make_extractor
from server.composition import compose
from server.core import Core
from server.settings import Settings
from server.worker_process import conclude, run_worker
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.orphans import end_with_parent

HASTY = Times(lease=15.0, hold=12.0, resend=2.0, sweep=0.3, settle=20.0, publish=1.0)

DEADLY = "spacy:deadly"
"""An extractor that reads what is unspeakable, and is no more."""


def open_plant(chosen: Settings) -> Core:
    """The core of a data folder: all is real but for the embedder, and one extractor."""
    stopping = Event()

    def extractor(name: str, settings: Settings) -> Extractor:
        deadly = name == DEADLY
        return ScriptedExtractor(_die) if deadly else make_extractor(name, settings, stopping)

    return compose(chosen, extractor=extractor, embedder=_embedder, stopping=stopping)


def _die(passage: Passage) -> str:
    """As a parser does that takes all memory there is."""
    if "unspeakable" in passage.text:
        os.kill(os.getpid(), signal.SIGKILL)
    return ""


def _embedder(name: str, _: Settings) -> Embedder:
    return HashEmbedder(64 if name == "minilm" else 32)


def main(arguments: Sequence[str]) -> None:
    """Work until told to end."""
    end_with_parent()
    wanted, concurrency, hold = arguments
    queues = served(wanted.split(","))
    chosen = settings.load().settings
    logs.configure(chosen, "info")
    core = open_plant(chosen)
    try:
        ended = run_worker(core, queues, int(concurrency), times=replace(HASTY, hold=float(hold)))
    finally:
        core.close()
    conclude(ended)


if __name__ == "__main__":
    main(sys.argv[1:])
