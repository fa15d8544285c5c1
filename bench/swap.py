"""Do swaps of snapshots disturb questions? `python -m bench.swap bench/sample`.

A server answers questions over HTTP at a constant rate: quietly; while another process indexes
elsewhere, which shows what the machine's contention costs; and while another process indexes the
same documents into what is asked, and publishes batch after batch.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

from bench.load import Answers, Load
from bench.options import Options, parse
from bench.report import Row, Table, finish
from bench.serving import Process, process
from server.evaluation.dataset import read_dataset

_PATH = "/api/v1/collections/bench/query"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments, draws=False)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="swap-") as folder:
        phases = _measure(options, Path(folder))
    quiet, busy = phases["quiet"].ms(99), phases["indexing elsewhere"].ms(99)
    rows = [_row(name, found, quiet, busy) for name, found in phases.items()]
    finish(options, "swap", [Table("Questions over HTTP at a constant rate", rows)])


def _measure(options: Options, folder: Path) -> dict[str, Answers]:
    extra = options.extra
    dataset = read_dataset(extra.data)
    extractor = f"precomputed:{dataset.openie}" if extra.precomputed else "spacy"
    first = len(dataset.documents) - extra.batches * extra.batch
    if first < 1:
        raise SystemExit("The data set is too small for so many batches of so many documents.")
    data = str(extra.data.absolute())
    with (
        process("feed", str(folder / "asked"), data, extractor) as feeder,
        process("feed", str(folder / "elsewhere"), data, extractor) as other,
    ):
        for each in (feeder, other):
            each.tell(str(first))
            each.hear()
        with process("serve", str(folder / "asked")) as server:
            load = Load(
                port=int(server.hear()),
                path=_PATH,
                questions=[query.question for query in dataset.queries],
                rate=extra.rate,
            )
            load.run(lambda seconds: seconds > 5)  # what is loaded late is loaded
            return {
                "quiet": load.run(lambda seconds: seconds > extra.seconds),
                "indexing elsewhere": _while_fed(load, other, options),
                "indexing and publishing": _while_fed(load, feeder, options),
            }


def _while_fed(load: Load, feeder: Process, options: Options) -> Answers:
    """Ask while a feeder adds batch after batch, and a little longer."""
    done = Event()

    def feed() -> None:
        for _ in range(options.extra.batches):
            feeder.tell(str(options.extra.batch))
            feeder.hear()
        done.wait(1.5)
        done.set()

    thread = Thread(target=feed)
    thread.start()
    found = load.run(lambda _: done.is_set())
    thread.join()
    return found


def _row(name: str, found: Answers, quiet: float, busy: float) -> Row:
    return {
        "phase": name,
        "questions": len(found.all),
        "failed": found.failed,
        "revisions": found.revisions,
        "mixed": found.mixed,
        "p50_ms": found.ms(50),
        "p99_ms": found.ms(99),
        "max_ms": found.ms(100),
        "p99_to_quiet": found.ms(99) / quiet,
        "p99_to_elsewhere": found.ms(99) / busy,
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="a data set's folder")
    parser.add_argument("--precomputed", action="store_true", help="with the data set's extraction")
    parser.add_argument("--rate", type=float, default=20.0, help="questions a second (default: 20)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of quiet (default: 20)")
    parser.add_argument("--batches", type=int, default=5, help="snapshots (default: 5)")
    parser.add_argument("--batch", type=int, default=4, help="documents in each (default: 4)")


if __name__ == "__main__":
    main()
