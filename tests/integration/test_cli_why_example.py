"""The example in the help of `ammon why`, with the models that it has by default."""

import shlex
from pathlib import Path

import pytest

from tests.doubles.command_line import Ammon, Opener

DOCUMENTS = Path(__file__).parents[2] / "bench" / "sample" / "documents"


@pytest.fixture
def opener() -> Opener | None:
    return None


def test_without_that_name_the_passage_falls(
    ammon: Ammon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    documents = ["montreal-neurological-institute.html", "wilder-penfield.pdf"]
    ammon("ingest", *(DOCUMENTS / name for name in documents), *DOCUMENTS.glob("*.txt"))
    example = " ".join(ammon("why", "--help").out.split("Example: ammon")[1].split())
    done = ammon(*shlex.split(example))
    assert (done.code, (tmp_path / "why.svg").exists()) == (0, True)
    assert done.out.startswith("Wilder Penfield is ranked 2nd")
    told = " ".join(done.out.split("Without the name 'Wilder Penfield'")[1].split())
    assert "Wilder Penfield would be " in told
    assert ", not 2nd" in told
