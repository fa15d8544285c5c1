"""`make run` does in a fresh clone what the README says, and the second time too."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.sharing import missing, need

_ROOT = Path(__file__).parents[2]
_KEPT = 8
"""Documents of the sample that are read here, beside those that answer the questions."""
_PROGRESS = re.compile(r"[A-Z][a-z ]+: (\d+)/\1")
_UNREACHABLE = re.compile(
    r"dns error|error sending request|[Cc]onnection|timed out|No matching distribution|"
    r"Network is unreachable|Could not resolve|name resolution|not found in the package registry"
)


def _variables(home: Path) -> dict[str, str]:
    """Ours, without what would reach the clone from the checkout, its make and its settings."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AMMON_", "GIT_", "MAKE", "MFLAGS", "PYTEST_", "VIRTUAL_ENV"))
    }
    (home / "config.toml").touch()
    return {**passed, "AMMON_CONFIG": f"{home}/config.toml", "AMMON_DATA_DIR": f"{home}/data"}


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A checkout that has what is committed, and nothing else."""

    path: Path

    @property
    def sample(self) -> Path:
        return self.path / "bench" / "sample"

    def make(self, target: str) -> subprocess.CompletedProcess[str]:
        """By the Python that runs these tests, as whoever made .venv has chosen it."""
        python = Path(sys.executable).resolve()
        command = ["make", "--no-print-directory", target, f"PYTHON={python}"]
        return subprocess.run(
            command,
            cwd=self.path,
            env=_variables(self.path.parent),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def gold(self) -> dict[str, list[str]]:
        """The questions of `make run`, each with the documents that answer it together."""
        asked = (self.path / "Makefile").read_text(encoding="utf-8")
        lines = (self.sample / "queries.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return {row["question"]: row["gold"] for row in rows if f'"{row["question"]}"' in asked}

    def thin_out(self) -> int:
        """Keep few documents, for the others only take time; how many are kept."""
        wanted = {name for gold in self.gold().values() for name in gold}
        documents = sorted((self.sample / "documents").iterdir())
        others = [file for file in documents if file.name not in wanted]
        for file in others[_KEPT:]:
            file.unlink()
        return len(documents) - len(others[_KEPT:])


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    need("git", "install git")
    need("make", "install make")
    path = tmp_path / "clone"
    trusted = ["git", "-c", "safe.directory=*"]  # a checkout may be another user's
    done = subprocess.run(
        [
            *(*trusted, "clone", "--quiet", "--depth", "1"),
            *("--upload-pack", f"{' '.join(trusted)} upload-pack", _ROOT.as_uri(), str(path)),
        ],
        env=_variables(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        missing(f"the checkout cannot be cloned: {done.stderr}")
    yield Clone(path=path)
    shutil.rmtree(path)  # hundreds of megabytes, which nobody wants to see again


def told(done: subprocess.CompletedProcess[str]) -> str:
    return f"make ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def check(clone: Clone, ran: subprocess.CompletedProcess[str], documents: str) -> None:
    assert ran.returncode == 0, told(ran)
    assert [line for line in ran.stderr.splitlines() if not _PROGRESS.fullmatch(line)] == []
    assert documents in ran.stdout, told(ran)
    answers = ran.stdout.split("\nQuestion: ")[1:]
    gold = clone.gold()
    assert len(answers) == len(gold) > 0, told(ran)
    for (question, wanted), answer in zip(gold.items(), answers, strict=True):
        assert answer.startswith(f"{question}\n")
        found = answer.split("What led there")[0]
        assert [name for name in wanted if f" — {name} " not in found] == [], answer


def test_make_run_answers_in_a_fresh_clone_and_again(clone: Clone) -> None:
    count = clone.thin_out()
    first = clone.make("run")
    installed = f"ammon ingest {clone.sample.relative_to(clone.path)}" in first.stdout
    if not installed and _UNREACHABLE.search(first.stdout + first.stderr):
        missing(f"what is needed cannot be installed: {told(first)}")
    again = clone.make("run")
    check(clone, first, f"Documents: {count} new, 0 changed, 0 unchanged, 0 failed")
    check(clone, again, f"Documents: 0 new, 0 changed, {count} unchanged, 0 failed")
    assert again.stdout.split("\nQuestion: ")[1:] == first.stdout.split("\nQuestion: ")[1:]
