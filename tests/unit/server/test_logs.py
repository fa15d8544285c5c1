"""What reaches those who read the log."""

import subprocess
import sys
from pathlib import Path


def test_what_is_tried_again_is_told_by_who_knows_what_it_is() -> None:
    """The library that counts the attempts would tell of a '<context block>'."""
    script = """
from indexer.retries import with_retries
from kg.errors import StoreUnavailable
from server.logs import configure
from server.settings import Settings
configure(Settings(), "info")
failures = [StoreUnavailable("away")]
def action():
    if failures:
        raise failures.pop()
    return "done"
print(with_retries(action))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "done\n"
    assert done.stderr == ""
