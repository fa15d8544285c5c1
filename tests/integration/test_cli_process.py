"""The command line as a process of its own, with the models that come with it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import httpx2
import pytest

_RUN = "import sys; from server.cli import main; sys.exit(main())"
_HEAVY = ("spacy", "numpy", "onnxruntime", "fastapi", "pydantic", "openai", "networkx", "scipy")


def environment(data: Path) -> dict[str, str]:
    """This process's, but with the settings of a test."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AMMON_")}
    return others | {"AMMON_DATA_DIR": str(data), "XDG_CONFIG_HOME": str(data / "config")}


def ammon(data: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _RUN, *map(str, arguments)],
        env=environment(data),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("ammon")
    text = folder / "notes"
    text.mkdir()
    (text / "semon.md").write_text(
        "# Richard Semon\n\nRichard Semon was a zoologist. In 1904 he coined the word engram.",
        encoding="utf-8",
    )
    (text / "lashley.md").write_text(
        "# Karl Lashley\n\nKarl Lashley searched for the engram in the cortex of rats. "
        "Donald Hebb was his student in Chicago.",
        encoding="utf-8",
    )
    done = ammon(folder / "data", "ingest", text, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["new"] == 2
    return folder / "data"


def test_a_question_is_answered(data: Path) -> None:
    done = ammon(data, "query", "Whose student was Donald Hebb?", "-k", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert [hit["title"] for hit in json.loads(done.stdout)["hits"]] == ["Karl Lashley"]


def test_everything_lies_under_the_data_folder(data: Path) -> None:
    assert sorted(entry.name for entry in data.iterdir() if entry.is_dir()) == [
        "cache",
        "collections",
    ]
    assert (data / "ammon.sqlite").is_file()


def test_a_server_starts_answers_and_stops_in_order(data: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", _RUN, "serve", "--port", "0"],
        env=environment(data) | {"AMMON_LOG_FORMAT": "json"},
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert server.stderr is not None
        url, before = "", []
        for line in server.stderr:
            if found := re.search(r"running on (http://[0-9.:]+)", line):
                url = found[1]
                break
            before.append(json.loads(line)["event"])
        assert "Application startup complete." in before, "it is told when it is so"
        assert httpx2.get(f"{url}/api/v1/health/ready", timeout=100).json() == {
            "status": "ok",
            "warnings": [],
        }
        counts = httpx2.get(f"{url}/api/v1/collections/default/stats", timeout=100).json()["counts"]
        assert counts["documents"] == 2
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=60)
        told = [json.loads(line)["event"] for line in err.splitlines()]
        assert "Application shutdown complete." in told
    finally:
        server.kill()
        server.wait()


def test_a_server_that_crashes_reports_where(data: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", _RUN, "serve", "--port", "0"],
        env=environment(data),
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        assert server.stderr is not None
        assert any("running on" in line for line in server.stderr)
        server.send_signal(signal.SIGBUS)
        _, err = server.communicate(timeout=60)
        assert "Fatal Python error: Bus error" in err
        assert 'File "' in err
    finally:
        server.kill()
        server.wait()


def test_a_server_whose_port_is_taken_opens_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = ammon(tmp_path / "data", "serve", "--port", port)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"{port} of 127.0.0.1 is in use" in done.stderr
    assert "--port" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_server_whose_data_folder_cannot_be_made_says_so_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = ammon(tmp_path / "file" / "data", "serve", "--port", "0")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "file" / "data") in done.stderr


def test_help_comes_at_once(tmp_path: Path) -> None:
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        assert ammon(tmp_path, "--help").returncode == 0
        seconds.append(time.monotonic() - started)
    # Half a second is the aim; machines that run many tests at once get more.
    assert min(seconds) < 1.5


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from server.cli import main; main(['--help']); "
        f"print([name for name in {_HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stderr.strip() == "[]"


def test_ingesting_what_is_there_already_loads_no_compiler(
    tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMMON_DATA_DIR", str(tmp_path / "data"))
    code = (
        f"import sys; from server.cli import main; main(['ingest', {str(notes)!r}]); "
        "print([name for name in ('numba', 'scipy.sparse') if name in sys.modules])"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
        )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, as Linux has it")
@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["export"], ["--help"]])
def test_output_that_cannot_be_written_is_told_of_once(data: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = piped(data, full, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Cannot write to standard output: No space left")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["export"]])
def test_output_that_nobody_reads_ends_quietly(data: Path, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = piped(data, pipe, *arguments)
    assert (done.returncode, done.stderr) == (1, "")


def piped(data: Path, output: IO[bytes], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command whose standard output goes there."""
    return subprocess.run(
        [sys.executable, "-c", _RUN, *arguments],
        env=environment(data),
        stdout=output,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
