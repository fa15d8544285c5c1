"""Snapshots are swapped under running questions, and none of them is refused."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from fastapi.testclient import TestClient

from server.http.app import create_app
from tests.doubles.house import open_house, settings_in
from tests.doubles.waiting import until

SWAPS = 8


def test_no_question_fails_while_snapshots_are_swapped(tmp_path: Path) -> None:
    app = create_app(settings_in(tmp_path), open_house)
    with TestClient(app, base_url="http://test/api/v1") as client:
        client.post("/collections", json={"name": "papers"})
        core = app.state.core
        done = Event()

        def ask() -> list[tuple[int, int, int]]:
            answers = []
            while not done.is_set():
                asked = {"question": "Who sought the Engram?", "mode": "ammon", "k": 50}
                got = client.post("/collections/papers/query", json=asked)
                body = got.json()
                answers.append((got.status_code, body.get("revision", -1), len(body["hits"])))
            return answers

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask) for _ in range(4)]
            try:
                for number in range(SWAPS):
                    text = f"Karl Lashley sought the Engram, attempt {number}."
                    client.post("/collections/papers/documents", json=[{"text": text}])
                    core.worker.run_until_empty("papers")
            finally:
                done.set()
            answers = [answer for future in asking for answer in future.result()]
        assert {status for status, _, _ in answers} == {200}
        seen = {(revision, hits) for _, revision, hits in answers}
        # Each answer is from one revision as a whole, and several revisions were asked.
        assert len(seen) == len({revision for revision, _ in seen}) > 1
        last = {"question": "Engram?", "k": 50}
        query = "/collections/papers/query"
        until(lambda: len(client.post(query, json=last).json()["hits"]) == SWAPS)


_FEED = """
import sys
from pathlib import Path
from kg.records import SourceDocument
from tests.doubles.house import open_house, settings_in
core = open_house(settings_in(Path(sys.argv[1])))
for number in range(int(sys.argv[2])):
    text = f"Karl Lashley sought the Engram, attempt {number}."
    core.submit("papers", [SourceDocument(source=str(number), title="", text=text)])
    core.worker.run_until_empty("papers")
core.close()
"""


def test_what_another_process_publishes_is_swapped_to_without_a_failed_question(
    tmp_path: Path,
) -> None:
    app = create_app(settings_in(tmp_path), open_house)
    with TestClient(app, base_url="http://test/api/v1") as client:
        client.post("/collections", json={"name": "papers"})
        command = [sys.executable, "-c", _FEED, str(tmp_path), str(SWAPS)]
        seen: set[tuple[int, int]] = set()
        asked = {"question": "Who sought the Engram?", "k": 50}
        with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as feeder:
            while feeder.poll() is None or (not feeder.returncode and max(seen)[1] < SWAPS):
                answer = client.post("/collections/papers/query", json=asked)
                assert answer.status_code == 200
                seen.add((answer.json()["revision"], len(answer.json()["hits"])))
        assert feeder.returncode == 0
        assert len(seen) == len({revision for revision, _ in seen}) > 1
