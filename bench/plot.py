"""Plots, by matplotlib, which comes with the dependency group `bench`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MISSING = "--plot needs matplotlib. Install it with: .venv/bin/uv pip install --group bench"


def check() -> None:
    """Before anything is measured: exit if no plot can be drawn."""
    _figure_class()


def lines(
    path: Path,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    title: str,
    across: str,
    up: str,
) -> None:
    """One line for each name, both axes logarithmic. Exits where matplotlib is missing."""
    figure, axes = _figure(title)
    for name, points in series.items():
        axes.plot(*zip(*sorted(points), strict=True), marker="o", label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend()
    figure.savefig(path, format="png")


def bars(path: Path, values: Mapping[str, float], *, title: str, across: str) -> None:
    """One bar for each name, the first above. Exits where matplotlib is missing."""
    figure, axes = _figure(title)
    names = list(values)
    drawn = axes.barh(names, [values[name] for name in names])
    axes.bar_label(drawn, fmt="%.3g", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(across)
    axes.margins(x=0.12)
    figure.savefig(path, format="png")


def _figure(title: str) -> tuple[Any, Any]:
    figure = _figure_class()(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left")
    return figure, axes


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SystemExit(MISSING) from error
    return Figure
