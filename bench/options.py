"""What all benchmark commands are told: where, how much, and what to give back; how they end."""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import arguments as given
from bench.plot import check
from kg.errors import AmmonError

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
    least: int = 12,
    extra: Extra | None = None,
    draws: bool = True,
) -> Options:
    """Read a command's arguments. `sizes` are the default of `--WHAT`, `least` the
    smallest one; None: it has none.

    `draws`: whether it has a plot to draw. Exits where one is asked for that cannot be drawn.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if sizes is not None:
        parser.add_argument(
            f"--{what}",
            dest="sizes",
            type=given.at_least(least),
            nargs="+",
            default=sizes,
            help=f"of {sizes}",
        )
    parser.add_argument(
        "--seed", type=given.at_least(0), default=1, help="which of all possible corpora"
    )
    parser.add_argument(
        "--folder",
        type=given.folder,
        default=Path(tempfile.gettempdir()) / "ammon-bench",
        help="where what is generated or indexed is kept, and used again (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    if draws:
        parser.add_argument(
            "--plot", type=given.new_file, metavar="FILE", help="draw the result as a PNG"
        )
    if extra is not None:
        extra(parser)
    read = parser.parse_args(arguments)
    drawn_to: Path | None = read.plot if draws else None
    if drawn_to is not None:
        check()
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
    parser.add_argument("data", type=given.dataset, help="a data set's folder, as for `ammon eval`")
    parser.add_argument("--documents", type=given.at_least(2), help="only the first so many")
    parser.add_argument(
        "--extractor", choices=("spacy", "precomputed"), default="spacy", help="(default: spacy)"
    )
    if threads:
        parser.add_argument(
            "--threads", type=given.at_least(0), default=1, help="of the embedder (default: 1)"
        )


def launch(main: Callable[[], object], *also: type[BaseException]) -> None:
    """Run a command. What is known to go wrong, and `also` these, ends it with a line, and 1."""
    known: tuple[type[BaseException], ...] = (AmmonError, *also)
    try:
        main()
    except known as error:
        raise SystemExit(str(error)) from None
