"""What does a process cost that opens a snapshot? `python -m bench.open --passages 10000 100000`.

Opens each corpus, and serves it as `ammon serve` does with one, two and three processes; and, as
the baseline, with two servers of one process each, which share only the snapshot's pages. Each
process answers twenty questions, through the embedding model. `mb` is all of a server's memory but
for pages of files, those that processes share counted once, `adds_mb` what the last process adds to
it, `last_mb` what the last one shares with nobody, `watcher_mb` the same of the one that answers
nothing (Linux). The baseline of opening reads all files into memory in place of mapping them. The
operating system has the files in its cache.
"""

import argparse
import gc
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench import measure, plot, several
from bench.corpus import corpus_folder
from bench.generator import Shape, chain_questions
from bench.options import launch, parse
from bench.report import Row, Table, finish
from kg.snapshot import Snapshot, SnapshotFolder, SnapshotReader
from retrieval.modes import MODES

QUESTIONS = 20


def main(arguments: Sequence[str] | None = None) -> None:
    """Open, and say what it cost."""
    options = parse(__doc__, arguments, sizes=(10_000, 100_000), extra=_arguments)
    opening: list[Row] = []
    living: list[Row] = []
    bars: dict[str, float] = {}
    for size in options.sizes:
        folder = corpus_folder(Shape(passages=size, seed=options.seed), options.folder)
        opening.append({"passages": size, **_opening(folder)})
        for row in _living(folder, options.extra.mode):
            living.append({"passages": size, **row})
            bars[f"{size:,}: {row['server']}"] = float(row["adds_mb"] or 0)
    finish(
        options,
        "open",
        [
            Table("Opening a snapshot", opening),
            Table(f"Servers that answer in mode {options.extra.mode}", living),
        ],
        lambda path: plot.bars(
            path, bars, title="Memory that a process adds", across="MB; passages, server"
        ),
    )


def _opening(folder: SnapshotFolder) -> Row:
    """The least of a few tries, mapped and verified and read."""
    path = folder.path / str(folder.current())
    size = sum(file.stat().st_size for file in path.iterdir())

    def mapped() -> None:
        Snapshot.read(SnapshotReader.open(path, verify_up_to=0))

    def read() -> None:
        for file in path.glob("*.npy"):
            np.load(file)

    opened = min(measure.timed(mapped) for _ in range(5))
    verified = measure.timed(lambda: SnapshotReader.open(path, verify_up_to=size))
    copied = measure.timed(read)
    gc.collect()
    return {
        "disk_mb": size / 1e6,
        "open_ms": opened,
        "open_verified_ms": opened + verified,
        "read_into_memory_ms": copied,
        "times_faster": copied / opened,
    }


def _living(folder: SnapshotFolder, mode: str) -> list[Row]:
    """Servers of one process, of two and of three; then two servers of one process each."""
    snapshot = Snapshot.read(folder.open())
    questions = [one.text for one in chain_questions(snapshot, QUESTIONS)]
    rows: list[Row] = []
    before = 0.0
    for number in (1, 2, 3):
        with (
            tempfile.TemporaryDirectory() as data,
            several.server(folder.path, Path(data), number, QUESTIONS) as server,
        ):
            _ask_all(server, number, questions, mode)
            told = _memory([server])
        rows.append({"server": f"{number} processes", **told, "adds_mb": told["mb"] - before})
        before = told["mb"]
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as other,
        several.server(folder.path, Path(one), 1, QUESTIONS) as first,
        several.server(folder.path, Path(other), 1, QUESTIONS) as second,
    ):
        for server in (first, second):
            _ask_all(server, 1, questions, mode)
        told = _memory([first, second])
    rows.append({"server": "2 servers", **told, "adds_mb": told["last_mb"]})
    return rows


def _ask_all(server: several.Server, processes: int, questions: Sequence[str], mode: str) -> None:
    """Ask until each process has embedded all questions."""
    while server.least_embedded(processes) < len(questions):
        for question in questions:
            server.ask(question, mode)


def _memory(servers: Sequence[several.Server]) -> dict[str, float]:
    """What servers take together."""
    pids = [pid for server in servers for pid in server.pids()]
    memory = [measure.memory_mb(pid) for pid in pids]
    watched = len(servers) == 1 and len(pids) > 1
    return {
        "watcher_mb": memory[0]["written"] if watched else 0.0,
        "last_mb": memory[-1]["written"],
        "mb": sum(one["anonymous"] for one in memory),
        "files_mb": sum(one["pss"] - one["anonymous"] for one in memory),
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mode", choices=tuple(MODES), default="ammon", help="asked of the servers"
    )


if __name__ == "__main__":
    launch(main)
