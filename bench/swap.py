"""Do swaps of snapshots disturb questions? `python -m bench.swap bench/sample`.

Two servers answer questions over HTTP at a constant rate, each from a folder of its own with the
same documents: quietly; then while another process indexes documents into the folder of one of
them, and publishes batch after batch. For the other server, asked the same in the same seconds,
this is indexing elsewhere: what it takes longer is the machine's contention, whoever causes it.
Round after round the servers change places. No question is asked twice in the same spelling.

It holds if no question failed, none had two answers from one revision, every publishing phase was
answered from several revisions, and the slowest hundredth took at most twice as long from the
server that swapped as from the other: of all rounds together, and in most of the rounds. Exits
with 1 if it does not hold.

Within the publishing phases, another table compares questions just before a swap, when the new
snapshot is opened, and just after it with all others.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import TypeAlias

from bench import arguments as given
from bench.load import Answers, Load
from bench.options import Options, launch, parse
from bench.report import Row, Table, finish
from bench.serving import Process, process
from kg.errors import InputError
from server.evaluation.dataset import Dataset, read_dataset

QUIET, ELSEWHERE, PUBLISHING = "quiet", "indexing elsewhere", "indexing and publishing"
MOST = 2.0
"""Times the 99th percentile of the phase without swaps."""

Round: TypeAlias = Mapping[str, Answers]
"""Phase -> what came of it."""

_SERVERS = 2
_PATH = "/api/v1/collections/bench/query"
_WARM_SECONDS = 5.0
_NEAR_SECONDS = 0.25
"""Before a swap for which the new snapshot is opened, about, and after it."""
_AFTERWARDS_SECONDS = 1.5
"""For which questions go on when the last batch is published: it is swapped to after that."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments, draws=False)
    dataset = read_dataset(options.extra.data)
    first = _first(dataset, options)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="swap-") as folder:
        rounds = _measured(options, dataset, first, Path(folder))
    failures = problems(rounds)
    tables = [
        Table(
            f"Each server asked {options.extra.rate:g} times a second, {len(rounds)} rounds",
            _rows(rounds),
        ),
        Table("p99 while publishing, in proportion, round by round", _spread(rounds)),
        Table("While publishing, by time from a swap", _near(rounds)),
        Table("Verdict", [{"it": it, "because": why} for it, why in _verdict(rounds, failures)]),
    ]
    finish(options, "swap", tables)
    sys.exit(bool(failures))


def problems(rounds: Sequence[Round]) -> list[str]:
    """What does not hold, in words."""
    found = []
    failed = sum(answers.failed for one in rounds for answers in one.values())
    mixed = joined(rounds).mixed
    if failed:
        found.append(f"{failed} questions failed")
    if mixed:
        found.append(f"{mixed} questions had two answers from one revision")
    if stale := sum(one[PUBLISHING].revisions < 2 for one in rounds):
        found.append(f"in {stale} rounds nothing new was seen while publishing")
    together, each = _ratio(rounds), [_ratio([one]) for one in rounds]
    for what, ratio in (("all rounds", together), ("the median round", statistics.median(each))):
        if ratio > MOST:
            found.append(
                f"of {what} p99 is {ratio:.2f} times that of indexing elsewhere, not {MOST:g}"
            )
    return found


def _verdict(rounds: Sequence[Round], failures: Sequence[str]) -> list[tuple[str, str]]:
    if failures:
        return [("does not hold", one) for one in failures]
    ratio = f"p99 is {_ratio(rounds):.2f} times that of indexing elsewhere, at most {MOST:g}"
    return [("holds", f"{ratio}; no failed and no mixed answer")]


def joined(rounds: Sequence[Round], *phases: str) -> Answers:
    """The answers of all rounds, in these phases or all."""
    return Answers([a for one in rounds for phase in phases or one for a in one[phase].all])


def _ratio(rounds: Sequence[Round], to: str = ELSEWHERE) -> float:
    return joined(rounds, PUBLISHING).ms(99) / joined(rounds, to).ms(99)


def _measured(options: Options, dataset: Dataset, first: int, folder: Path) -> list[Round]:
    extra = options.extra
    extractor = f"precomputed:{dataset.openie}" if extra.precomputed else "spacy"
    data, folders = str(extra.data.absolute()), [str(folder / str(n)) for n in range(_SERVERS)]
    questions = [query.question for query in dataset.queries]
    with ExitStack() as stack:
        feeders = [stack.enter_context(process("feed", one, data, extractor)) for one in folders]
        for feeder in feeders:
            feeder.tell(str(first))
        for feeder in feeders:
            feeder.hear()
        servers = [stack.enter_context(process("serve", one)) for one in folders]
        loads = [
            Load(
                port=int(server.hear()),
                path=_PATH,
                questions=questions,
                rate=extra.rate,
                server=number,
                delay=number / extra.rate / _SERVERS,
            )
            for number, server in enumerate(servers)
        ]
        _asked(loads, lambda seconds: seconds > _WARM_SECONDS)  # what is loaded late is loaded
        return [_round(loads, feeders, options, turn) for turn in range(extra.rounds)]


def _round(loads: Sequence[Load], feeders: Sequence[Process], options: Options, turn: int) -> Round:
    """Another server swaps in each turn."""
    quiet = _asked(loads, lambda seconds: seconds > options.extra.seconds)
    swapping = turn % _SERVERS
    found = _while_fed(loads, feeders[swapping], options)
    return {
        QUIET: Answers([answer for one in quiet for answer in one.all]),
        ELSEWHERE: found[1 - swapping],
        PUBLISHING: found[swapping],
    }


def _asked(loads: Sequence[Load], until: Callable[[float], bool]) -> list[Answers]:
    """Ask all servers at once."""
    with ThreadPoolExecutor(len(loads)) as pool:
        return list(pool.map(lambda load: load.run(until), loads))


def _while_fed(loads: Sequence[Load], feeder: Process, options: Options) -> list[Answers]:
    """Ask while a feeder adds batch after batch, and a little longer."""
    done = Event()

    def feed() -> None:
        for _ in range(options.extra.batches):
            feeder.tell(str(options.extra.batch))
            feeder.hear()
        done.wait(_AFTERWARDS_SECONDS)
        done.set()

    thread = Thread(target=feed)
    thread.start()
    found = _asked(loads, lambda _: done.is_set())
    thread.join()
    return found


def _rows(rounds: Sequence[Round]) -> list[Row]:
    rows: list[Row] = []
    for phase in (QUIET, ELSEWHERE, PUBLISHING):
        found = joined(rounds, phase)
        counts = {"failed": found.failed, "revisions": found.revisions, "mixed": found.mixed}
        rows.append({"phase": phase, "questions": len(found.all), **counts, **_times(found)})
    return rows


def _near(rounds: Sequence[Round]) -> list[Row]:
    """Before each swap, after it, and the others."""
    rows: list[Row] = []
    publishing = [one[PUBLISHING] for one in rounds]
    near = {answer for one in publishing for answer in one.due(-_NEAR_SECONDS, _NEAR_SECONDS).all}
    for what, since, until in (("before", -_NEAR_SECONDS, 0.0), ("after", 0.0, _NEAR_SECONDS)):
        found = Answers([answer for one in publishing for answer in one.due(since, until).all])
        rows.append({"due": f"{_NEAR_SECONDS:g} s {what}", **_count_and_times(found)})
    others = Answers([a for one in publishing for a in one.all if a not in near])
    return [*rows, {"due": "else", **_count_and_times(others)}]


def _count_and_times(found: Answers) -> Row:
    return {"questions": len(found.all), **_times(found)}


def _times(found: Answers) -> Row:
    return {"p50_ms": found.ms(50), "p99_ms": found.ms(99), "max_ms": found.ms(100)}


def _spread(rounds: Sequence[Round]) -> list[Row]:
    rows: list[Row] = []
    for to in (QUIET, ELSEWHERE):
        each = [_ratio([one], to) for one in rounds]
        rows.append(
            {
                "to": to,
                "least": min(each),
                "median": statistics.median(each),
                "most": max(each),
                "of all rounds": _ratio(rounds, to),
                "rounds at most twice": sum(ratio <= MOST for ratio in each),
            }
        )
    return rows


def _first(dataset: Dataset, options: Options) -> int:
    """How many documents are there from the start. Raises: InputError."""
    extra = options.extra
    if extra.precomputed and dataset.openie is None:
        raise InputError(f"{extra.data} has no openie.jsonl, which --precomputed reads.")
    added: int = -(-extra.rounds // _SERVERS) * extra.batches * extra.batch
    if added >= len(dataset.documents):
        raise InputError(
            f"{extra.rounds} rounds of {extra.batches} batches of {extra.batch} are {added} "
            f"documents for each server, and {extra.data} has {len(dataset.documents)}: take "
            "fewer."
        )
    return len(dataset.documents) - added


def _arguments(parser: argparse.ArgumentParser) -> None:
    number, length = given.at_least(1), given.above_zero
    parser.add_argument("data", type=given.dataset, help="a data set's folder")
    parser.add_argument("--precomputed", action="store_true", help="with the data set's extraction")
    parser.add_argument(
        "--rate", type=length, default=20.0, help="questions a second, of each server (default: 20)"
    )
    parser.add_argument("--rounds", type=number, default=6, help="of two phases (default: 6)")
    parser.add_argument("--seconds", type=length, default=8.0, help="quiet in each (default: 8)")
    parser.add_argument("--batches", type=number, default=8, help="snapshots in each (default: 8)")
    parser.add_argument("--batch", type=number, default=1, help="documents in each (default: 1)")


if __name__ == "__main__":
    launch(main)
