"""What does a process cost that opens a snapshot? `python -m bench.open --passages 10000 100000`.

Opens each corpus in processes of their own: one, then a second beside it, each of which answers a
few questions. `adds_mb` is what a process adds to the memory that those before it take (Linux):
pages of mapped files that they share are counted once. The baseline reads all files into memory in
place of mapping them. The operating system has the files in its cache.
"""

import argparse
import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from bench import measure, plot
from bench.corpus import corpus_folder
from bench.generator import QuestionEmbedder, Shape, chain_questions
from bench.options import parse
from bench.report import Row, Table, Value, finish
from kg.snapshot import Snapshot, SnapshotFolder, SnapshotReader
from retrieval.retriever import Retriever


def main(arguments: Sequence[str] | None = None) -> None:
    """Open, and say what it cost."""
    options = parse(__doc__, arguments, sizes=(10_000, 100_000), extra=_arguments)
    if options.extra.child is not None:
        _child(options.extra.child, options.extra.mode)
        return
    opening: list[Row] = []
    living: list[Row] = []
    bars: dict[str, float] = {}
    for size in options.sizes:
        folder = corpus_folder(Shape(passages=size, seed=options.seed), options.folder)
        opening.append({"passages": size, **_opening(folder)})
        rows = _processes(folder, options.extra.mode)
        for place, row in zip(("first", "second"), rows, strict=True):
            living.append({"passages": size, "process": place, **row})
            bars[f"{size:,}: {place}"] = float(row.get("adds_mb") or 0)
    finish(
        options,
        "open",
        [
            Table("Opening a snapshot", opening),
            Table(f"Processes that answer in mode {options.extra.mode}", living),
        ],
        lambda path: plot.bars(
            path, bars, title="Memory that a process adds", across="MB; passages, process"
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


def _processes(folder: SnapshotFolder, mode: str) -> list[Row]:
    """What two processes say of themselves, and what each adds to those before it."""
    command = [sys.executable, "-m", "bench.open", "--child", str(folder.path), "--mode", mode]
    running: list[subprocess.Popen[str]] = []
    rows: list[Row] = []
    before = 0.0
    try:
        for _ in range(2):
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            running.append(process)
            # The newest first: it answers when it has loaded what it shares with the others.
            told = [_asked(one) for one in reversed(running)]
            now = sum(float(row.get("pss_mb") or 0) for row in told)
            rows.append({**told[0], "adds_mb": now - before})
            before = now
        return rows
    finally:
        for process in running:
            process.communicate("")


def _asked(process: "subprocess.Popen[str]") -> Row:
    assert process.stdin is not None
    process.stdin.write("memory\n")
    process.stdin.flush()
    return _told(process.stdout)


def _told(stream: IO[str] | None) -> Row:
    assert stream is not None
    line = stream.readline()
    if not line:
        raise SystemExit("A process that opens the snapshot has died: its error is above.")
    told: dict[str, Value] = json.loads(line)
    return told


def _child(path: Path, mode: str) -> None:
    """Open, ask; then, for every line that comes in, say how it is."""
    empty = measure.memory_mb().get("pss", 0.0)
    with measure.Stopwatch() as opening:
        snapshot = Snapshot.read(SnapshotFolder(path).open())
    questions = chain_questions(snapshot, 20)
    retriever = Retriever(snapshot, QuestionEmbedder(snapshot, questions))
    ms = [measure.timed(partial(retriever.search, q.text, mode=mode)) for q in questions]
    while sys.stdin.readline():
        gc.collect()
        told = {
            "open_ms": opening.ms,
            "first_question_ms": ms[0],
            "next_questions_ms": measure.percentile(ms[1:], 50),
            "before_opening_mb": empty,
            **{f"{kind}_mb": value for kind, value in measure.memory_mb().items()},
            "peak_mb": measure.peak_mb(),
        }
        print(json.dumps(told), flush=True)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mode", default="ammon", help="asked by the processes")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)


if __name__ == "__main__":
    main()
