"""A data folder that is read-only, as one that is mounted so: it is asked, and left as it is.

The commands run as a user who may not write it. Where the tests run as one who may write
everything, they give that up with setpriv.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx2
import pytest

from tests.doubles.waiting import until
from tests.servers.sharing import free_port, need

_ROOT = Path(__file__).parents[2]
_RUN = "import sys; from server.cli import main; sys.exit(main())"
_MAY_ALL = "dac_override", "dac_read_search", "fowner"
ASKED = "Who coined Engram?"


def as_reader(*arguments: str) -> list[str]:
    """An `ammon` command that may write nothing that its user may not."""
    command = [sys.executable, "-c", _RUN, *arguments]
    if os.geteuid() != 0:
        return command
    need("setpriv", "install the package util-linux")
    return ["setpriv", f"--bounding-set=-{',-'.join(_MAY_ALL)}", *command]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of commands on a data folder with one document that nobody may write any more."""
    base = tmp_path_factory.mktemp("read-only")
    given = {
        **os.environ,
        "AMMON_DATA_DIR": str(base / "data"),
        "XDG_CONFIG_HOME": str(base / "config"),
    }
    (base / "semon.md").write_text("# Semon\n\nRichard Semon coined Engram.\n", encoding="utf-8")
    ran([sys.executable, "-c", _RUN, "ingest", str(base / "semon.md")], given)
    everything = [base / "data", *(base / "data").rglob("*")]
    before = {path: path.stat().st_mode for path in everything}
    for path, mode in before.items():
        path.chmod(mode & ~0o222)
    yield given
    for path, mode in before.items():
        path.chmod(mode)
    assert {base / "data", *(base / "data").rglob("*")} == set(everything), "nothing came or went"


def ran(command: Sequence[str], environment: dict[str, str], code: int = 0) -> tuple[str, str]:
    done = subprocess.run(
        command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_it_is_asked(environment: dict[str, str]) -> None:
    told, _ = ran(as_reader("query", ASKED, "--json"), environment)
    assert json.loads(told)["hits"][0]["citations"][0]["source"] == "semon.md"
    assert "Richard Semon" in ran(as_reader("why", ASKED), environment)[0]
    assert "up to date" in ran(as_reader("status"), environment)[0]


@pytest.mark.parametrize("command", [("ingest", "README.md"), ("delete", "semon.md")])
def test_what_would_change_it_is_refused_with_the_remedy(
    environment: dict[str, str], command: tuple[str, ...]
) -> None:
    _, told = ran(as_reader(*command), environment, code=1)
    assert "ammon.sqlite is read-only" in told
    assert "AMMON_DATA_DIR" in told


def test_a_server_answers_from_it(environment: dict[str, str]) -> None:
    port = free_port()
    command = as_reader("serve", "--port", str(port))
    server = subprocess.Popen(
        command, cwd=_ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}/api/v1"

    def is_ready() -> bool:
        try:
            return httpx2.get(f"{base}/health/ready", timeout=60).status_code == 200
        except httpx2.TransportError:
            return False

    try:
        until(is_ready)
        papers = f"{base}/collections/default"
        found = httpx2.post(f"{papers}/query", json={"question": ASKED}, timeout=60)
        assert [hit["title"] for hit in found.json()["hits"]] == ["Semon"]
        refused = httpx2.post(f"{papers}/documents", json=[{"text": "More."}], timeout=60)
        assert refused.status_code == 503
        assert "is read-only" in refused.json()["detail"]
    finally:
        server.terminate()
        told = server.communicate(timeout=60)[1].decode()
    assert "waiting for it" not in told, "nobody looks for work"
