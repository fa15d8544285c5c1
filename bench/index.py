"""How long does indexing take, and adding a little? `python -m bench.index bench/sample`.

Indexes all documents of a data set but the last per cent, then adds that. On one thread, unless
`--threads` says otherwise. The baseline embeds passages, entities and facts of the same graph, as
HippoRAG does, in the straightforward way: in the order given, 32 at a time, padded, one thread.
`cpu` are seconds of a processor, in which what else runs on the machine does not count.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import arguments as given
from bench import measure, plot
from bench.datasets import Indexed, Library, divided
from bench.measure import Cost
from bench.options import Options, launch, of_a_dataset, parse
from bench.plain_embedding import PlainEmbedding
from bench.report import Row, Table, finish
from server.evaluation.dataset import Dataset, read_dataset


def main(arguments: Sequence[str] | None = None) -> None:
    """Index, and say how long it took."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments)
    dataset = read_dataset(options.extra.data)
    documents, added = divided(dataset, options.extra.documents, options.extra.add)
    options.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=options.folder, prefix="index-") as folder,
        Library(Path(folder), dataset, options.extra.extractor, options.extra.threads) as library,
    ):
        build = library.add(documents)
        build_peak = measure.peak_mb()
        addition = library.add(added)
        counts = library.snapshots.open().manifest.counts
        texts = library.texts()
    plain = PlainEmbedding().cost(texts, options.extra.baseline_every)
    _finish(
        options,
        dataset,
        {"build": build, "add": addition},
        plain,
        [
            {
                "documents": len(documents) + len(added),
                **{name: counts[name] for name in ("passages", "sentences", "entities", "facts")},
                "baseline_texts": len(texts),
                "peak_mb_build": build_peak,
                "peak_mb": measure.peak_mb(),
            }
        ],
        len(added),
    )


def _finish(
    options: Options,
    dataset: Dataset,
    rounds: Mapping[str, Indexed],
    plain: Cost,
    counts: list[Row],
    added: int,
) -> None:
    build = rounds["build"]
    ratios = _ratios(build, rounds["add"], plain, added)
    steps = {name: _steps(indexed) for name, indexed in rounds.items()}
    rows: list[Row] = [
        {"step": step, **{name: steps[name].get(step, 0.0) for name in steps}}
        for step in dict.fromkeys(step for found in steps.values() for step in found)
    ]
    finish(
        options,
        "index",
        [
            Table(f"The corpus {dataset.name}", counts),
            Table("Seconds by step", rows),
            Table("Against the baseline", ratios),
        ],
        lambda path: plot.bars(
            path,
            {"baseline: embeddings": plain.seconds, **steps["build"]},
            title=f"Indexing {dataset.name}",
            across="seconds",
        ),
    )


def _ratios(build: Indexed, addition: Indexed, plain: Cost, added: int) -> list[Row]:
    embedding = Cost(sum(build.embedding.values()), sum(build.embedding_cpu.values()))
    names = _of_kinds(build, ("entity", "fact"))
    whole = Cost(build.seconds, build.cpu)

    def row(what: str, cost: Cost, to: Cost = plain) -> Row:
        return {
            "what": what,
            "seconds": cost.seconds,
            "ratio": cost.seconds / to.seconds,
            "cpu": cost.cpu,
            "cpu ratio": cost.cpu / to.cpu,
        }

    return [
        row("the baseline's embeddings", plain),
        row("all embeddings of Ammon", embedding),
        row("of these, passages and sentences", _of_kinds(build, ("passage", "sentence"))),
        row("indexing as a whole", whole),
        row("indexing without embeddings of entities and facts", whole.less(names)),
        row(
            f"adding {added} documents, against building the others",
            Cost(addition.seconds, addition.cpu),
            whole,
        ),
    ]


def _of_kinds(indexed: Indexed, kinds: Sequence[str]) -> Cost:
    """What embedding took of these kinds of text."""
    spent = [(indexed.embedding.get(k, 0.0), indexed.embedding_cpu.get(k, 0.0)) for k in kinds]
    return Cost(sum(seconds for seconds, _ in spent), sum(cpu for _, cpu in spent))


def _steps(indexed: Indexed) -> dict[str, float]:
    """Seconds by step, what is embedded apart."""
    embedding = {f"embed {kind}": seconds for kind, seconds in sorted(indexed.embedding.items())}
    extraction = indexed.steps.get("extract", 0.0)
    search = indexed.steps.get("synonyms", 0.0)
    rest = indexed.seconds - extraction - search - sum(embedding.values())
    return {
        "extract": extraction,
        **embedding,
        "search synonyms": search,
        "everything else": max(rest, 0.0),
        "all": indexed.seconds,
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    of_a_dataset(parser, threads=True)
    parser.add_argument(
        "--add",
        type=given.percentage,
        default=1.0,
        metavar="PERCENT",
        help="added afterwards (default: 1)",
    )
    parser.add_argument(
        "--baseline-every",
        type=given.at_least(1),
        default=1,
        metavar="N",
        help="embed every Nth batch of the baseline only, and multiply",
    )


if __name__ == "__main__":
    launch(main)
