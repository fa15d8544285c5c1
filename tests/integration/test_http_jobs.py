"""Jobs over HTTP: what fails says why and can be tried again, what waits can be cancelled."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from fastapi.testclient import TestClient

from kg.records import Passage
from server.composition import compose
from server.core import Core
from server.http.app import create_app
from server.settings import Settings
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.house import settings_in


@contextmanager
def server(folder: Path, script: Callable[[Passage], str]) -> Iterator[TestClient]:
    """A client of a server whose extractor follows a script."""
    extractor = ScriptedExtractor(script)

    def opener(settings: Settings) -> Core:
        return compose(settings, extractor=lambda *_: extractor, embedder=lambda *_: HashEmbedder())

    app = create_app(settings_in(folder), opener)
    with TestClient(app, base_url="http://test/api/v1") as client:
        client.post("/collections", json={"name": "papers"})
        yield client


def submit(client: TestClient, *texts: str) -> str:
    """Hand in texts; the job's path."""
    documents = [{"source": text, "text": text} for text in texts]
    taken = client.post("/collections/papers/documents", json=documents)
    return f"/jobs/{taken.json()['job']}"


def wait(client: TestClient, path: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask for a job until it is as wanted."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(path).json()
        if wanted(job):
            return job
        time.sleep(0.02)
    raise AssertionError(f"the job is still {job}")


def test_a_failed_document_says_why_and_can_be_tried_again(tmp_path: Path) -> None:
    broken = Event()
    broken.set()

    def script(passage: Passage) -> str:
        if broken.is_set() and "Lashley" in passage.text:
            raise ValueError("the extractor stumbled")
        return ""

    with server(tmp_path, script) as client:
        path = submit(client, "Semon wrote.", "Lashley sought.")
        job = wait(client, path, lambda job: job["state"] == "done")
        assert job["counts"] == {"extracted": 1, "failed": 1}
        (failed,) = client.get(f"{path}/documents", params={"state": "failed"}).json()
        assert failed["source"] == "Lashley sought."
        assert "the extractor stumbled" in failed["error"]
        broken.clear()
        assert client.post(f"{path}/retry").status_code == 200
        job = wait(client, path, lambda job: job["documents_indexed"] == 2)
        assert job["counts"] == {"extracted": 2}


def test_a_cancelled_job_brings_in_no_more_not_even_what_is_begun(tmp_path: Path) -> None:
    begun, go_on = Event(), Event()

    def script(_: Passage) -> str:
        begun.set()
        go_on.wait(60)
        return ""

    with server(tmp_path, script) as client:
        path = submit(client, "Semon wrote.", "Lashley sought.", "Hebb read.")
        assert begun.wait(60)
        cancelled = client.post(f"{path}/cancel").json()
        go_on.set()
        assert cancelled["counts"] == {"cancelled": 3}
        job = wait(client, path, lambda job: job["state"] == "done")
        assert job["counts"] == {"cancelled": 3}
        stats = client.get("/collections/papers/stats").json()
        assert stats["counts"]["documents"] == 0


def test_questions_are_answered_while_documents_come_in(tmp_path: Path) -> None:
    go_on = Event()

    def script(_: Passage) -> str:
        go_on.wait(60)
        return ""

    with server(tmp_path, script) as client:
        path = submit(client, "Semon wrote.")
        asked = client.post("/collections/papers/query", json={"question": "Who wrote?"})
        assert asked.status_code == 200
        assert asked.json()["hits"] == []
        assert client.get(path).json()["state"] == "running"
        go_on.set()
        wait(client, path, lambda job: job["state"] == "done")
        asked = client.post("/collections/papers/query", json={"question": "Who wrote?"})
        assert [hit["text"] for hit in asked.json()["hits"]] == ["Semon wrote."]
