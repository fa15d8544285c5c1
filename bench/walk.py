"""How fast is a question, and next to what? `python -m bench.walk --passages 10000 100000`.

Asks the same questions in mode `ammon` and in the modes it is compared with, in one process and on
one thread. Times are of the whole answer, from reading the question to citations and explanation,
without the embedding.
Each question is asked `--repeat` times, and its least time counts: what neighbours on the machine
cost is left out. So their 95th percentile is over questions; beside it is that of every single time
(`once`), as a service has it. `--steps` splits the time; `--exact` says for how many questions the
top five are those of the walk with all passages for candidates, and what that takes; `--save FILE`
keeps the top five of every question, `--against FILE` compares with them.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from bench import arguments as given
from bench import measure, plot
from bench.clocked import ClockedEmbedder
from bench.options import launch, parse
from bench.report import Row, Table, finish
from bench.sources import Asked, add_arguments, chosen
from bench.steps import StepTimes
from inference.cache import CachedEmbedder
from inference.embedder import Embedder
from retrieval.asking import embed_questions
from retrieval.results import Retrieval
from retrieval.retriever import Retriever

MODES = ("ammon", "dense", "bm25", "hipporag2")
_LATE = "What is loaded late?"
STEPS = ("retrieval.walk", "retrieval.question", "retrieval.gazetteer", "retrieval.citations")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What one mode gave for every question."""

    found: Sequence[Retrieval]
    ms: Sequence[float]
    """Of each, without its embedding: the least of several times."""
    once_ms: Sequence[float]
    """Every single time of every question."""
    cpu_ms: Sequence[float]
    """The same in milliseconds of a processor: what neighbours on the machine disturb less."""
    first_ms: float
    """The first question: what a mode prepares."""


def ask(asked: Asked, mode: str, repeat: int = 1, *, remembered: bool = False) -> Answers:
    """Ask every question, after a first that loads what is loaded late; with `remembered` the model
    runs in the first round only."""
    if not remembered:
        return _asked(asked, mode, repeat, asked.embedder)
    with tempfile.TemporaryDirectory() as folder:
        kept = CachedEmbedder(asked.embedder, Path(folder) / "embeddings.sqlite")
        try:
            return _asked(asked, mode, repeat, kept)
        finally:
            kept.close()


def _asked(asked: Asked, mode: str, repeat: int, model: Embedder) -> Answers:
    embedder = ClockedEmbedder(model)
    retriever = Retriever(asked.snapshot, embedder)
    first = (
        measure.timed(lambda: retriever.search(asked.questions[0], mode=mode)) - embedder.total_ms
    )
    rounds, computing = [], []
    for _ in range(repeat):
        retriever = Retriever(asked.snapshot, embedder)  # it remembers how it read each question
        retriever.search(_LATE, mode=mode)
        found, ms, cpu = [], [], []
        for question in asked.questions:
            before, cpu_before = embedder.total_ms, sum(embedder.cpu.values())
            with measure.Stopwatch() as watch:
                found.append(retriever.search(question, mode=mode))
            ms.append(watch.ms - (embedder.total_ms - before))
            embedding = sum(embedder.cpu.values()) - cpu_before
            cpu.append(1000 * (watch.cpu - embedding))
        rounds.append(ms)
        computing.append(cpu)
    return Answers(
        found=found,
        ms=_least(rounds),
        once_ms=[ms for one in rounds for ms in one],
        cpu_ms=_least(computing),
        first_ms=first,
    )


def _least(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [min(times) for times in zip(*rounds, strict=True)]


def exact(asked: Asked, found: Sequence[Retrieval]) -> Row:
    """How often the walk with all passages for candidates has the top five that was `found`."""
    from retrieval.walk import ConditionedWalk, WalkConstants

    ids = asked.snapshot.passages.id
    walk = ConditionedWalk(asked.snapshot, WalkConstants(candidates=len(ids)))
    same, in_order, ms = [], [], []
    for question, answer in zip(asked.questions, found, strict=True):
        (vectors,) = embed_questions(ClockedEmbedder(asked.embedder), walk, [question])
        with measure.Stopwatch() as watch:
            best, _ = walk.run(question, vectors).best(5)
        ms.append(watch.ms)
        theirs, ours = [ids[int(row)] for row in best], [hit.passage_id for hit in answer.hits[:5]]
        same.append(set(theirs) == set(ours))
        in_order.append(theirs == ours)
    return {
        "corpus": asked.name,
        "same_top_5_%": 100 * mean(same),
        "in_the_same_order_%": 100 * mean(in_order),
        "exact_p50_ms": measure.percentile(ms, 50),
    }


def recall(asked: Asked, answers: Answers, k: int = 5) -> float:
    """Mean share of a question's gold passages among the first k, in percent."""
    shares = []
    for gold, answer in zip(asked.gold, answers.found, strict=True):
        hits = answer.hits[:k]
        got = {hit.passage_id for hit in hits} | {c.source for hit in hits for c in hit.citations}
        shares.append(len(gold & got) / max(len(gold), 1))
    return 100 * mean(shares)


def steps(asked: Asked) -> Row:
    """Milliseconds a question in each step of the walk."""
    with StepTimes(STEPS) as times:
        retriever = Retriever(asked.snapshot, asked.embedder)  # here, for it binds some of them
        retriever.search(_LATE)
        times.ms.clear()
        for question in asked.questions:
            retriever.search(question)
    return {step: ms / len(asked.questions) for step, ms in sorted(times.ms.items())}


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and say how long it took."""
    options = parse(__doc__, arguments, sizes=(10_000, 100_000), extra=_arguments)
    rows: list[Row] = []
    split: list[Row] = []
    compared: list[Row] = []
    tops: dict[str, list[list[str]]] = {}
    lines: dict[str, list[tuple[float, float]]] = {}
    for opened in chosen(options):
        asked = opened()
        size = len(asked.snapshot.passages.id)
        modes = [m for m in options.extra.modes if m != "bm25" or size <= options.extra.bm25_up_to]
        answered = {
            mode: ask(asked, mode, options.extra.repeat, remembered=options.extra.remembered)
            for mode in modes
        }
        for mode, answers in answered.items():
            rows.append(_row(asked, mode, answers, answered.get("dense")))
            lines.setdefault(mode, []).append((size, measure.percentile(answers.ms, 50)))
        if "ammon" in answered:
            found = answered["ammon"].found
            tops[asked.name] = [[hit.passage_id for hit in one.hits[:5]] for one in found]
            if options.extra.exact:
                compared.append(exact(asked, found))
        if options.extra.steps:
            split.append({"corpus": asked.name, **steps(asked)})
    tables = [Table("A question, without its embedding", rows)]
    if split:
        tables.append(Table("The walk's steps, ms a question", split))
    if compared:
        tables.append(Table("Against all passages for candidates", compared))
    tables += _compared(tops, options.extra.save, options.extra.against)
    finish(
        options,
        "walk",
        tables,
        lambda path: plot.lines(
            path, lines, title="A question, without its embedding", across="passages", up="ms (p50)"
        ),
    )


def _row(asked: Asked, mode: str, answers: Answers, dense: Answers | None) -> Row:
    p50 = measure.percentile(answers.ms, 50)
    baseline = measure.percentile(dense.ms, 50) if dense else 0.0
    return {
        "corpus": asked.name,
        "mode": mode,
        "p50_ms": p50,
        "p95_ms": measure.percentile(answers.ms, 95),
        "once_p50_ms": measure.percentile(answers.once_ms, 50),
        "once_p95_ms": measure.percentile(answers.once_ms, 95),
        "cpu_p50_ms": measure.percentile(answers.cpu_ms, 50),
        "cpu_p95_ms": measure.percentile(answers.cpu_ms, 95),
        "times_dense": p50 / baseline if baseline else None,
        "recall_at_5": recall(asked, answers),
        "first_question_ms": answers.first_ms,
        "peak_mb": measure.peak_mb(),
    }


def _compared(
    tops: dict[str, list[list[str]]], save: Path | None, against: Path | None
) -> list[Table]:
    if save is not None:
        save.write_text(json.dumps(tops), encoding="utf-8")
    if against is None:
        return []
    before = json.loads(against.read_text(encoding="utf-8"))
    rows: list[Row] = []
    for name, now in tops.items():
        pairs = list(zip(now, before.get(name, []), strict=False))
        if pairs:
            in_order = 100 * mean(one == other for one, other in pairs)
            same = 100 * mean(set(one) == set(other) for one, other in pairs)
            rows.append({"corpus": name, "same_top_5_%": same, "in_the_same_order_%": in_order})
    return [Table(f"The top five against {against}", rows)]


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument(
        "--repeat", type=given.at_least(1), default=3, help="how often each is asked (default: 3)"
    )
    parser.add_argument("--exact", action="store_true", help="compare with the exact walk")
    parser.add_argument(
        "--remembered",
        action="store_true",
        help="embeddings of questions are remembered, as a server does: without it the embedding "
        "model runs before every question, and what it leaves of the processor's caches counts",
    )
    parser.add_argument("--steps", action="store_true", help="split the walk's time by step")
    parser.add_argument(
        "--save", type=given.new_file, metavar="FILE", help="keep the walk's top five"
    )
    parser.add_argument(
        "--against", type=given.json_file, metavar="FILE", help="compare them with what was kept"
    )
    parser.add_argument(
        "--bm25-up-to",
        type=given.at_least(0),
        default=100_000,
        help="leave BM25 out of larger corpora: it indexes them anew, in memory",
    )


if __name__ == "__main__":
    launch(main)
