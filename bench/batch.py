"""What do many questions share? `python -m bench.batch`.

Clients ask a server over HTTP, each one question after the other, no two the same; the server
embeds every question by itself (the baseline), or together those that come at once; and one client
asks batches by `query:batch`. The ways take turns, round after round, and ratios are medians over
rounds, of each way against its baseline of the same round. The server's processor time a question
tells what was saved even where others use the machine. No cache of questions. Asks the sample
corpus unless `--snapshot` names another.
"""

import argparse
import http.client
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

from bench import arguments as given
from bench import plot
from bench.embedding import questions_of, snapshots_of
from bench.load import respelled
from bench.options import launch, parse
from bench.question_server import APART, TOGETHER, QuestionServer, question_server
from bench.report import Row, Table, finish
from bench.sources import add_arguments

_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way to ask all questions."""

    what: str
    collection: str
    clients: int
    batch: int = 0
    """Questions of one request; 0: no batches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What came of asking all questions once."""

    per_second: float
    cpu_ms: float
    """The server's, a question."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and say how long it took."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments)
    extra = options.extra
    questions, numbers = questions_of(options), count(1)
    ways = _ways(extra.clients, extra.batch)
    rounds: dict[Way, list[Round]] = {way: [] for way in ways}
    with snapshots_of(options) as snapshots, question_server(snapshots, extra.threads) as server:
        for way in ways:
            _round(server, way, _unasked(questions[:20], next(numbers)))
        for _ in range(extra.rounds):
            for way in ways:
                found = _round(server, way, _unasked(questions, next(numbers)))
                rounds[way].append(found)
    table = [_row(way, rounds) for way in ways]
    bars = {way.what: statistics.median(one.per_second for one in rounds[way]) for way in ways}
    finish(
        options,
        "batch",
        [Table(f"{len(questions)} questions, {extra.rounds} rounds", table)],
        lambda path: plot.bars(path, bars, title="Many questions", across="questions a second"),
    )


def _ways(clients: Sequence[int], batch: int) -> list[Way]:
    return [
        *(
            Way(what=f"{many} clients, {how}", collection=how, clients=many)
            for many in clients
            for how in (APART, TOGETHER)
        ),
        Way(what=f"batches of {batch}", collection=TOGETHER, clients=1, batch=batch),
    ]


def _row(way: Way, rounds: dict[Way, list[Round]]) -> Row:
    """Against the same clients apart; batches against one client, question by question."""
    baseline = next(one for one in rounds if one.clients == way.clients and one.collection == APART)
    pairs = list(zip(rounds[way], rounds[baseline], strict=True))
    return {
        "what": way.what,
        "per_second": statistics.median(one.per_second for one in rounds[way]),
        "cpu_ms": statistics.median(one.cpu_ms for one in rounds[way]),
        "throughput_ratio": statistics.median(a.per_second / b.per_second for a, b in pairs),
        "cpu_ratio": statistics.median(a.cpu_ms / b.cpu_ms for a, b in pairs),
    }


def _unasked(questions: Sequence[str], number: int) -> list[str]:
    """The same questions in a spelling that nobody asked yet."""
    return [respelled(question, number) for question in questions]


def _round(server: QuestionServer, way: Way, questions: Sequence[str]) -> Round:
    size = max(way.batch, 1)
    parts = iter([questions[at : at + size] for at in range(0, len(questions), size)])
    cpu, wall = server.cpu(), time.perf_counter()
    with ThreadPoolExecutor(way.clients) as pool:
        for done in [pool.submit(_client, server.port, way, parts) for _ in range(way.clients)]:
            done.result()
    wall, cpu = time.perf_counter() - wall, server.cpu() - cpu
    return Round(per_second=len(questions) / wall, cpu_ms=1000 * cpu / len(questions))


def _client(port: int, way: Way, parts: Iterator[Sequence[str]]) -> None:
    """Ask one part after the other, as long as there are some."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    path = f"/api/v1/collections/{way.collection}/query" + (":batch" if way.batch else "")
    for part in parts:
        asked = {"questions": part} if way.batch else {"question": part[0]}
        connection.request("POST", path, json.dumps(asked), _HEADERS)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {body!r}")
    connection.close()


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument(
        "--threads", type=given.at_least(0), default=0, help="of the embedder (0: each core)"
    )
    parser.add_argument(
        "--clients",
        type=given.at_least(1),
        nargs="+",
        default=[1, 4, 16, 64],
        help="at once (1 4 16 64)",
    )
    parser.add_argument(
        "--batch", type=given.at_least(1), default=32, help="questions in one (default: 32)"
    )
    parser.add_argument(
        "--rounds", type=given.at_least(1), default=5, help="of which the median counts"
    )


if __name__ == "__main__":
    launch(main)
