"""What all benchmark commands are told: where, how much, and what to give back."""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.plot import check

Extra = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The arguments of a command."""

    sizes: tuple[int, ...]
    seed: int
    folder: Path
    json: bool
    plot: Path | None
    extra: argparse.Namespace
    """What this command alone is told."""


def parse(
    about: str | None,
    arguments: Sequence[str] | None,
    *,
    sizes: tuple[int, ...] | None,
    what: str = "passages",
    extra: Extra | None = None,
    draws: bool = True,
) -> Options:
    """Read a command's arguments. `sizes` are the default of `--WHAT`; None: it has none.

    `draws`: whether it has a plot to draw. Exits where one is asked for that cannot be drawn.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if sizes is not None:
        parser.add_argument(
            f"--{what}", dest="sizes", type=int, nargs="+", default=sizes, help=f"of {sizes}"
        )
    parser.add_argument("--seed", type=int, default=1, help="which of all possible corpora")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(tempfile.gettempdir()) / "ammon-bench",
        help="where what is generated or indexed is kept, and used again (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    if draws:
        parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the result as a PNG")
    if extra is not None:
        extra(parser)
    read = parser.parse_args(arguments)
    drawn_to: Path | None = read.plot if draws else None
    if drawn_to is not None:
        check(drawn_to)
    return Options(
        sizes=tuple(read.sizes) if sizes is not None else (),
        seed=read.seed,
        folder=read.folder,
        json=read.json,
        plot=drawn_to,
        extra=read,
    )


def of_a_dataset(parser: argparse.ArgumentParser, *, threads: bool = False) -> None:
    """Add what commands are told that index a data set; with the embedder's threads if wanted."""
    parser.add_argument("data", type=Path, help="a data set's folder, as for `ammon eval`")
    parser.add_argument("--documents", type=int, help="only the first so many")
    parser.add_argument("--extractor", default="spacy", help="spacy or precomputed")
    if threads:
        parser.add_argument("--threads", type=int, default=1, help="of the embedder (default: 1)")
