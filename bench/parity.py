"""Is a data set the same in both stores? `python -m bench.parity bench/sample`.

Indexes it twice, from the documents to the published snapshot, with nothing shared: into SQLite,
and into a Neo4j that is started for this. (With `--embeddings` both begin with a copy of what was
embedded before, which takes minutes less; stores have no part in it.) Compares the canonical dumps
byte for byte, the snapshots' files by checksum and what their manifests say, and the ranks and
scores of all questions to the bit. Prints what was compared, and how long each store took to write
the whole graph and to read it. Exits with 1 if anything differs.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench import arguments as given
from bench.agreement import Agreement, agreement
from bench.datasets import COLLECTION, Library
from bench.measure import Stopwatch
from bench.options import launch, of_a_dataset, parse
from bench.reading import read_all
from bench.report import Row, Table, finish
from kg.holdings import holdings_of
from kg.sqlite import SQLiteStore
from kg.store import GraphReader, GraphStore
from server.evaluation.dataset import Dataset, read_dataset
from server.folders import Folders
from tests.servers import neo4j
from tests.servers.sharing import stop

_STORES = ("sqlite", "neo4j")


def main(arguments: Sequence[str] | None = None) -> None:
    """Index twice, compare, and say what was compared."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments, draws=False)
    dataset = read_dataset(options.extra.data)
    options.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(dir=options.folder, prefix="parity-"))
        )
        (folder / "server").mkdir()
        server = neo4j.start(folder / "server", neo4j.installed())
        stack.callback(stop, int(server["pid"]))
        place = {
            "store": "neo4j",
            "neo4j_uri": str(server["uri"]),
            "neo4j_password": str(server["password"]),
        }
        chosen = options.extra
        if chosen.embeddings is not None:
            _bring(chosen.embeddings, folder)
        compared, times = compare(
            folder, dataset, place, chosen.documents, chosen.extractor, chosen.threads
        )
    found: list[Row] = [
        {"compared": one.what, "things": one.number, "differ": len(one.differing)}
        for one in compared
    ]
    finish(
        options,
        "parity",
        [Table(f"{dataset.name} in SQLite and in Neo4j", found), Table("Stores", times)],
    )
    for one in compared:
        for name in one.differing[:10]:
            print(f"{one.what} differ: {name}", file=sys.stderr)
    sys.exit(any(one.differing for one in compared))


def compare(
    folder: Path,
    dataset: Dataset,
    place: Mapping[str, str],
    documents: int | None = None,
    extractor: str = "spacy",
    threads: int = 1,
) -> tuple[list[Agreement], list[Row]]:
    """What was compared; and what each store took. `place`: settings of the Neo4j, which must not
    have the collection yet."""
    chosen = dataset.documents[:documents]
    with ExitStack() as stack:
        libraries = {
            name: stack.enter_context(Library(folder / name, dataset, extractor, threads, where))
            for name, where in zip(_STORES, ({}, place), strict=True)
        }
        indexing = {name: library.add(chosen) for name, library in libraries.items()}
        one, other = libraries.values()
        found = agreement(one.core, other.core, [query.question for query in dataset.queries])
        reading = {name: _reading(library.core.store) for name, library in libraries.items()}
        other.core.store.delete_collection(COLLECTION)
        empty = SQLiteStore(folder / "copy.sqlite")
        stack.callback(empty.close)
        with one.core.store.read(COLLECTION) as whole:
            writing = {
                "sqlite": _writing(empty, whole),
                "neo4j": _writing(other.core.store, whole),
            }
        times: list[Row] = [
            {
                "store": name,
                "index_s": indexing[name].seconds,
                "write_s": writing[name].seconds,
                "write_cpu_s": writing[name].cpu,
                "read_s": reading[name].seconds,
                "read_cpu_s": reading[name].cpu,
            }
            for name in libraries
        ]
    return found, times


def _bring(embeddings: Path, folder: Path) -> None:
    """Give both data folders a copy of a cache of embeddings."""
    for name in _STORES:
        target = Folders(folder / name).embeddings
        target.parent.mkdir(parents=True)
        shutil.copyfile(embeddings, target)


def _writing(store: GraphStore, whole: GraphReader) -> Stopwatch:
    """Write all that another store holds."""
    with Stopwatch() as watch:
        store.restore(holdings_of(whole))
    return watch


def _reading(store: GraphStore) -> Stopwatch:
    """Read all that a snapshot is made of."""
    with Stopwatch() as watch, store.read(COLLECTION) as reader:
        read_all(reader)
    return watch


def _arguments(parser: argparse.ArgumentParser) -> None:
    of_a_dataset(parser, threads=True)
    parser.add_argument(
        "--embeddings",
        type=given.file,
        metavar="FILE",
        help="both begin with a copy of this cache: cache/embeddings.sqlite of a data folder",
    )


if __name__ == "__main__":
    launch(main, pytest.skip.Exception, pytest.fail.Exception)
