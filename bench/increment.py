"""What does a snapshot save the next one? `python -m bench.increment bench/sample`.

Indexes all documents of a data set but the last per cent, adds that, and builds the snapshot of it
twice, from the one before it and from nothing. All embeddings are known by then: what is compared
is all the rest. The two snapshots are compared to the byte.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import arguments as given
from bench.datasets import COLLECTION, Library, divided
from bench.measure import Stopwatch
from bench.options import launch, of_a_dataset, parse
from bench.report import Row, Table, finish
from indexer.snapshot.build import build_snapshot
from kg.snapshot import Snapshot, SnapshotWriter
from server.evaluation.dataset import read_dataset


def main(arguments: Sequence[str] | None = None) -> None:
    """Index, add, and say what the two builds took."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments, draws=False)
    dataset = read_dataset(options.extra.data)
    documents, added = divided(dataset, options.extra.documents, options.extra.add)
    options.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=options.folder, prefix="increment-") as folder,
        Library(Path(folder), dataset, options.extra.extractor, threads=0) as library,
    ):
        library.add(documents)
        before = Snapshot.read(library.snapshots.open())
        with Stopwatch() as addition:
            library.add(added)
        rows = _builds(library, before, Path(folder))
    rows.append(
        {
            "what": f"adding {len(added)} documents, from text to snapshot",
            "seconds": addition.seconds,
        }
    )
    title = f"{len(documents) + len(added)} documents of {dataset.name}, {len(added)} of them new"
    finish(options, "increment", [Table(title, rows)])


def _builds(library: Library, before: Snapshot, folder: Path) -> list[Row]:
    core = library.core
    embedder = core.pipeline.publisher.embedder(core.store.collection(COLLECTION).settings)
    with core.store.read(COLLECTION) as reader:
        with Stopwatch() as anew:
            reference = build_snapshot(reader, embedder)
        with Stopwatch() as upon:
            snapshot = build_snapshot(reader, embedder, previous=before)
    files = []
    for name, one in (("anew", reference), ("upon", snapshot)):
        with Stopwatch() as writing:
            one.write(SnapshotWriter(folder / name))
        files.append({path.name: path.read_bytes() for path in (folder / name).iterdir()})
    if files[0] != files[1]:
        raise AssertionError("the two snapshots are not the same")
    return [
        {"what": "building from nothing", "seconds": anew.seconds, "ratio": 1.0},
        {
            "what": "building from the snapshot before, to the same bytes",
            "seconds": upon.seconds,
            "ratio": upon.seconds / anew.seconds,
        },
        {"what": "writing it", "seconds": writing.seconds, "ratio": writing.seconds / anew.seconds},
    ]


def _arguments(parser: argparse.ArgumentParser) -> None:
    of_a_dataset(parser)
    parser.add_argument(
        "--add",
        type=given.percentage,
        default=1.0,
        metavar="PERCENT",
        help="how much is new (default: 1)",
    )


if __name__ == "__main__":
    launch(main)
