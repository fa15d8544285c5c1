"""The Python in the pages for people runs, and does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PAGE = _ROOT / "docs" / "python.md"


def program(page: str) -> str:
    """All snippets of a page, each on the lines that it has there."""
    lines = page.splitlines()
    inside = False
    for number, line in enumerate(lines):
        fence = re.fullmatch(r"```(\w*)", line)
        if fence:
            inside = fence[1] == "python"
        if fence or not inside:
            lines[number] = ""
    return "\n".join(lines)


def test_every_snippet_runs_in_order_in_an_empty_folder(tmp_path: Path) -> None:
    code = program(_PAGE.read_text(encoding="utf-8"))
    assert code.count("assert ") > 5
    (tmp_path / "program.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The question is empty." in done.stdout
