"""What a benchmark says: tables for people, JSON for scripts, a plot."""

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from rich.console import Console
from rich.table import Table as Grid

from bench.options import Options

Value: TypeAlias = float | int | str | None
Row: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with the same columns; a column that some row lacks is empty there."""

    title: str
    rows: Sequence[Row]


def finish(
    options: Options,
    name: str,
    tables: Sequence[Table],
    draw: Callable[[Path], None] | None = None,
) -> None:
    """Print the tables as the options say, and draw the plot if one is asked for."""
    if options.json:
        body = {table.title: [_rounded(row) for row in table.rows] for table in tables}
        print(json.dumps({"bench": name, "machine": machine(), "tables": body}, indent=1))
    else:
        console = Console(width=None if os.isatty(1) else 200)
        for table in tables:
            console.print(_grid(table))
    if options.plot is not None and draw is not None:
        draw(options.plot)


def machine() -> dict[str, Value]:
    """What a reader must know of the machine."""
    return {
        "cores": os.cpu_count(),
        "processor": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "load": round(os.getloadavg()[0], 2),
    }


def _grid(table: Table) -> Grid:
    columns = list(dict.fromkeys(column for row in table.rows for column in row))
    grid = Grid(title=table.title, title_justify="left")
    for column in columns:
        numeric = any(isinstance(row.get(column), int | float) for row in table.rows)
        grid.add_column(column, justify="right" if numeric else "left")
    for row in table.rows:
        grid.add_row(*(_told(row.get(column)) for column in columns))
    return grid


def _told(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else value


def _rounded(row: Row) -> dict[str, Value]:
    return {
        column: float(f"{value:.5g}") if isinstance(value, float) else value
        for column, value in row.items()
    }
