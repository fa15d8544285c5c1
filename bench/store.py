"""How fast do stores write and read? `python -m bench.store --passages 1890 18900`.

Generated corpora go into a store a hundred documents a commit, with their extractions; then a
synonym for each entity; then all is read that a snapshot is made of, and a page of documents;
then one document is changed, and one deleted. SQLite is the baseline, in a temporary folder. Neo4j
is measured too where AMMON_NEO4J_PASSWORD (and AMMON_NEO4J_URI) tell where one is; what is put
there is deleted again. `of_linear` is the time for a passage, in proportion to the first corpus's.
"""

import argparse
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path

from bench import arguments as given
from bench import measure, plot
from bench.generator import Shape
from bench.generator.documents import write_changes
from bench.options import Options, launch, parse
from bench.reading import read_all
from bench.report import Row, Table, finish
from kg.dump import dump_hash
from kg.records import CollectionSettings, Synonym
from kg.store import Change, GraphStore
from server.folders import Folders
from server.settings import Settings, load
from server.stores import make_store

_COMMIT = 100
"""Documents of one commit."""
_LINKED_AT_ONCE = 5000
_SETTINGS = CollectionSettings(extractor="generated")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write, read, and say how long it took."""
    options = parse(__doc__, arguments, sizes=(1_890, 18_900), extra=_arguments)
    settings = load().settings
    rows: list[Row] = []
    for size in options.sizes:
        rows += _compared(Shape(passages=size, seed=options.seed), settings, rows, options)
    bars = {
        f"{row['store']}, {row['passages']:,}: {what}": float(row[f"{what}_s"] or 0)
        for row in rows
        for what in ("write", "read")
    }
    finish(
        options,
        "store",
        [Table("Stores", rows)],
        lambda path: plot.bars(path, bars, title="Writing and reading", across="seconds"),
    )


def _compared(
    shape: Shape, settings: Settings, before: Sequence[Row], options: Options
) -> Iterator[Row]:
    collection = f"bench {uuid.uuid4().hex[:8]}"
    changes = list(write_changes(shape, collection, options.extra.commit))
    baseline: Row | None = None
    for name, row, told in _stores(settings, collection, changes):
        baseline = baseline or row
        if told != (first := baseline["dump"]):
            raise SystemExit(f"{name} holds another graph than the baseline: {told}, not {first}")
        smaller = next((old for old in before if old["store"] == name), None)
        whole = {
            **{column: value for column, value in row.items() if column != "dump"},
            "write_ratio": float(row["write_s"] or 0) / float(baseline["write_s"] or 1),
            "read_ratio": float(row["read_s"] or 0) / float(baseline["read_s"] or 1),
        }
        if smaller is not None:
            grown = shape.passages / int(smaller["passages"] or 1)
            for what in ("write", "read"):
                each = float(row[f"{what}_s"] or 0) / grown
                whole[f"{what}_of_linear"] = each / float(smaller[f"{what}_s"] or 1)
        yield whole


def _stores(
    settings: Settings, collection: str, changes: Sequence[Change]
) -> Iterator[tuple[str, Row, str]]:
    with tempfile.TemporaryDirectory(prefix="ammon-bench-") as folder, ExitStack() as stack:
        folders = Folders(Path(folder))
        stores = {"sqlite": make_store(settings, folders, "sqlite")}
        if settings.neo4j_password.get_secret_value():
            stores["neo4j"] = make_store(settings, folders, "neo4j")
        for name, store in stores.items():
            stack.callback(store.close)
            store.create_collection(collection, _SETTINGS)
            try:
                row = _measured(store, collection, changes)
            finally:
                with measure.Stopwatch() as deletion:
                    store.delete_collection(collection)
            row = {"store": name, **row, "delete_s": deletion.seconds}
            yield name, row, str(row["dump"])


def _measured(store: GraphStore, collection: str, changes: Sequence[Change]) -> Row:
    with measure.Stopwatch() as write:
        for change in changes:
            store.commit(collection, change)
    with measure.Stopwatch() as link:
        _link(store, collection)
    with measure.Stopwatch() as read, store.read(collection) as reader:
        read_all(reader)
    with measure.Stopwatch() as page, store.peek(collection) as reader:
        list(reader.documents(limit=100))
    with measure.Stopwatch() as count, store.peek(collection) as reader:
        counts = reader.counts()
    with store.read(collection) as reader:
        told = dump_hash(reader)
    graph = changes[0].put[0]
    other = replace(graph, document=replace(graph.document, fingerprint="another"))
    with measure.Stopwatch() as change_one:
        store.commit(collection, Change(put=(other,)))
    with measure.Stopwatch() as delete_one:
        store.commit(collection, Change(delete=(graph.document.id,)))
    return {
        **{kind: counts[kind] for kind in ("passages", "mentions", "supports", "synonyms")},
        "write_s": write.seconds,
        "synonyms_s": link.seconds,
        "read_s": read.seconds,
        "page_ms": page.ms,
        "counts_ms": count.ms,
        "change_ms": change_one.ms,
        "remove_ms": delete_one.ms,
        "dump": told,
    }


def _link(store: GraphStore, collection: str) -> None:
    """Each entity gets the next one in order of id for a synonym."""
    with store.peek(collection) as reader:
        ids = list(reader.unlinked())
    following = iter(zip(ids, [*ids[1:], *ids[:1]], strict=True))
    while batch := list(islice(following, _LINKED_AT_ONCE)):
        links = [
            Synonym(source_id=source, target_id=target, score=0.875) for source, target in batch
        ]
        store.replace_synonyms(collection, [source for source, _ in batch], links)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--commit", type=given.at_least(1), default=_COMMIT, help="documents a commit (%(default)s)"
    )


if __name__ == "__main__":
    launch(main)
