"""What retrieval is held to: measured today, and compared with the figures that are stored.

    python -m bench.figures                  measure what `make test` does and compare
    python -m bench.figures musique-lower    measure these sets only; --all measures all there are
    python -m bench.figures --write          and store what was measured in bench/figures.json

A figure may fall by one point. To change a stored one, up or down, is a change for review: the line
of figures.json says what was gained or given up.

Sets that may not be committed are read from the folder that the variable EVAL_DATA names, else from
`shared/eval` beside the checkout; those that are not there are left out. Each run indexes anew, so
that a change of the indexer shows; embeddings alone are kept, in the user's cache folder
(`~/.cache/ammon/evaluation` on Linux), which may be deleted.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import platformdirs

from retrieval.modes import MODES
from server import logs
from server.evaluation import Dataset, Report, evaluate, read_dataset, variants
from server.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "bench" / "figures.json"
ALLOWED_FALL = 1.0
"""Points, in percent, that a figure may lie below the stored one."""

Figures: TypeAlias = Mapping[str, Mapping[str, float]]
"""'set, extractor, mode' -> name of a figure -> percent."""


@dataclass(frozen=True, kw_only=True)
class MeasuredSet:
    """A data set, or a variant of one, with what is measured on it."""

    folder: str
    """Below the checkout if it begins with 'bench/', else below the folder of data sets."""
    runs: Mapping[str, Sequence[str]]
    """Extractor -> modes."""
    vary: Callable[[Dataset], Dataset] = lambda dataset: dataset
    in_tests: bool = True
    """Whether `make test` measures it."""

    @property
    def path(self) -> Path:
        """Where it lies, if it is there."""
        if self.folder.startswith("bench/"):
            return ROOT / self.folder
        return Path(os.environ.get("EVAL_DATA") or ROOT.parent / "shared" / "eval") / self.folder

    @property
    def is_there(self) -> bool:
        """Whether it can be measured on this machine."""
        return (self.path / "queries.jsonl").is_file()


def _beginning(dataset: Dataset, number: int) -> Dataset:
    """The first so many documents; they must hold all that is gold."""
    return replace(
        dataset, documents=dataset.documents[:number], variant=(*dataset.variant, f"first-{number}")
    )


def _with_2wiki(dataset: Dataset) -> Dataset:
    return variants.joined(dataset, [read_dataset(SETS["2wiki"].path)])


_WALK: Mapping[str, Sequence[str]] = {"spacy": ("ammon",)}
_WALK_AND_TEXT: Mapping[str, Sequence[str]] = {"spacy": ("ammon", "dense", "bm25")}
_ALL_MODES: Mapping[str, Sequence[str]] = {"spacy": tuple(MODES)}

SETS: Mapping[str, MeasuredSet] = {
    "musique": MeasuredSet(
        folder="musique", runs={**_ALL_MODES, "precomputed": ("ammon", "hipporag2")}
    ),
    "2wiki-800": MeasuredSet(
        folder="2wiki", runs=_WALK, vary=lambda dataset: _beginning(dataset, 800)
    ),
    "sample": MeasuredSet(folder="bench/sample", runs=_ALL_MODES),
    "zh": MeasuredSet(folder="bench/multilingual/zh", runs=_WALK_AND_TEXT),
    "ar": MeasuredSet(folder="bench/multilingual/ar", runs=_WALK_AND_TEXT),
    "ru": MeasuredSet(folder="bench/multilingual/ru", runs=_WALK_AND_TEXT),
    "everyday": MeasuredSet(folder="bench/everyday", runs=_WALK_AND_TEXT),
    "firm": MeasuredSet(folder="bench/firm", runs=_WALK_AND_TEXT),
    "library": MeasuredSet(folder="bench/library", runs=_WALK_AND_TEXT),
    "2wiki": MeasuredSet(folder="2wiki", runs=_WALK, in_tests=False),
    "everyday-untitled": MeasuredSet(
        folder="bench/everyday", runs=_WALK_AND_TEXT, vary=variants.untitled
    ),
    "firm-untitled": MeasuredSet(
        folder="bench/firm", runs=_WALK_AND_TEXT, vary=variants.untitled, in_tests=False
    ),
    "library-untitled": MeasuredSet(
        folder="bench/library", runs=_WALK_AND_TEXT, vary=variants.untitled, in_tests=False
    ),
    "musique-untitled": MeasuredSet(folder="musique", runs=_WALK, vary=variants.untitled),
    "musique-lower": MeasuredSet(folder="musique", runs=_WALK, vary=variants.lower, in_tests=False),
    "musique-pieces": MeasuredSet(
        folder="musique",
        runs=_WALK,
        vary=lambda dataset: variants.in_pieces(dataset, 2),
        in_tests=False,
    ),
    "musique-with-2wiki": MeasuredSet(
        folder="musique", runs=_WALK, vary=_with_2wiki, in_tests=False
    ),
}
"""Name -> what is measured. The ones with most to do come first, lest tests wait for them."""


def measure(name: str, work: Path) -> dict[str, dict[str, float]]:
    """Index a set in an empty folder and measure all that is measured on it.

    Raises: InputError, SettingsInvalid, ModelError.
    """
    chosen = SETS[name]
    dataset = chosen.vary(read_dataset(chosen.path))
    _keep_embeddings(work / "evaluation" / "cache")
    settings = Settings(data_dir=work)
    return {
        f"{name}, {extractor}, {mode}": figures_of(
            evaluate(dataset, settings, mode=mode, extractor=extractor)
        )
        for extractor, modes in chosen.runs.items()
        for mode in modes
    }


def figures_of(report: Report) -> dict[str, float]:
    """The figures of a report that are stored."""
    return {
        "recall@1": report.recall["1"],
        "recall@2": report.recall["2"],
        "recall@5": report.recall["5"],
        "all_gold@5": report.all_gold["5"],
        "ndcg@10": report.ndcg_at_10,
        "mrr": report.mrr,
    }


def stored(path: Path = STORED) -> Figures:
    """What retrieval is held to; nothing where there is no file."""
    found: Figures = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def falls(measured: Figures, held_to: Figures) -> list[str]:
    """What fell by more than a point, and what nothing is stored for, in words."""
    return list(_falls(measured, held_to))


def _falls(measured: Figures, held_to: Figures) -> Iterator[str]:
    for key, figures in measured.items():
        name = key.partition(",")[0]
        for figure, value in figures.items():
            before = held_to.get(key, {}).get(figure)
            if before is None:
                yield (
                    f"{key}: no {figure} is stored. "
                    f"Store it: python -m bench.figures {name} --write"
                )
            elif round(value - before, 2) < -ALLOWED_FALL:
                yield (
                    f"{key}: {figure} fell from {before:.2f} to {value:.2f}. If that is meant, "
                    f"have it reviewed: python -m bench.figures {name} --write"
                )


def write(measured: Figures, path: Path = STORED) -> None:
    """Store what was measured beside, or in place of, what is stored: a line for each."""
    merged = {**stored(path), **measured}
    lines = (f"  {json.dumps(key)}: {json.dumps(dict(merged[key]))}" for key in sorted(merged))
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _keep_embeddings(folder: Path) -> None:
    """Let a data folder's cache be the one that outlives it, unless that cannot be written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lasting = platformdirs.user_cache_path("ammon") / "evaluation"
    with contextlib.suppress(OSError):
        lasting.mkdir(parents=True, exist_ok=True)
        folder.symlink_to(lasting, target_is_directory=True)


def _print(measured: Figures, held_to: Figures) -> None:
    for key, figures in measured.items():
        shown = []
        for figure, value in figures.items():
            before = held_to.get(key, {}).get(figure)
            change = f" ({value - before:+.2f})" if before is not None and value != before else ""
            shown.append(f"{figure} {value:.2f}{change}")
        print(f"{key}: {', '.join(shown)}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, compare; 1 if something fell."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.figures", description="What retrieval is held to, measured today."
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"one of: {', '.join(SETS)}")
    parser.add_argument("--all", action="store_true", help="also what `make test` leaves out")
    parser.add_argument("--write", action="store_true", help="store what was measured")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.sets) - SETS.keys():
        parser.error(f"There is no set {', '.join(sorted(unknown))}; there are {', '.join(SETS)}.")
    logs.configure(Settings(), "error")
    names = chosen.sets or [name for name in SETS if chosen.all or SETS[name].in_tests]
    measured: dict[str, dict[str, float]] = {}
    held_to = stored()
    for name in names:
        if not SETS[name].is_there:
            print(f"{name}: left out, there is no {SETS[name].path}", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory(prefix="ammon-figures-") as work:
            found = measure(name, Path(work))
        _print(found, held_to)
        measured |= found
        if chosen.write:
            write(found)
    if chosen.write:
        return 0
    problems = falls(measured, held_to)
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
