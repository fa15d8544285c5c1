"""Make a corpus: `python -m bench.corpus --passages 100000`.

Writes a snapshot with the statistics of a real corpus, without running any model. A million
passages take 10 GB of disk, 7 GB more while they are written, and 3 GB of memory besides pages of
mapped files.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from bench import measure
from bench.generator import Shape, model_of, write_corpus
from bench.options import launch, parse
from bench.report import Row, Table, finish
from kg.errors import SnapshotError
from kg.snapshot import Snapshot, SnapshotFolder


def corpus_folder(shape: Shape, base: Path) -> SnapshotFolder:
    """Where a generated corpus lies; made if it is not there yet, or of another version."""
    folder = SnapshotFolder(base / shape.name)
    with suppress(SnapshotError):
        if Snapshot.read(folder.open()).embedder == model_of(shape):
            return folder
    shutil.rmtree(folder.path, ignore_errors=True)
    write_corpus(shape, folder)
    return folder


def open_corpus(shape: Shape, base: Path) -> Snapshot:
    """A generated corpus, made if it is not there yet."""
    return Snapshot.read(corpus_folder(shape, base).open())


def main(arguments: list[str] | None = None) -> None:
    """Make the corpora that are asked for, and say what they hold."""
    options = parse(__doc__, arguments, sizes=(10_000,), draws=False)
    shapes = [Shape(passages=passages, seed=options.seed) for passages in options.sizes]
    rows = [_row(shape, options.folder) for shape in shapes]
    finish(options, "corpus", [Table("Generated corpora", rows)])


def _row(shape: Shape, base: Path) -> Row:
    with measure.Stopwatch() as watch:
        folder = corpus_folder(shape, base)
    manifest = folder.open().manifest
    return {
        **manifest.counts,
        "disk_mb": sum(entry.bytes for entry in manifest.files.values()) / 1e6,
        "seconds": watch.seconds,
        "peak_mb": measure.peak_mb(),
    }


if __name__ == "__main__":
    launch(main)
