"""Jobs that a chat model works on, over HTTP: found at once, counted, paid within a budget."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from fastapi.testclient import TestClient

from server.composition import compose
from server.core import Core
from server.http.app import create_app
from server.settings import Settings
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.house import settings_in

DOCUMENTS = "/collections/papers/documents"
TEXTS = ["Karl Lashley sought the engram.", "Donald Hebb met Brenda Milner in Montreal."]


def answers(request: Request) -> Answer:
    asked = request.body["messages"][-1]["content"]
    if "Named entities:" in asked:
        said: object = {"triples": [{"subject": "A", "relation": "knows", "object": "B"}]}
    else:
        said = {"entities": [{"name": "A", "type": "person"}]}
    return Answer(content=json.dumps(said), usage=(100, 50))


@contextmanager
def opened(folder: Path, model: ChatServer, **changes: object) -> Iterator[TestClient]:
    """A client of a server with a collection that the model is to read."""

    def opener(settings: Settings) -> Core:
        return compose(settings, embedder=lambda *_: HashEmbedder())

    settings = settings_in(
        folder, **{"llm_base_url": model.url, "llm_model": "m", "extractor": "llm", **changes}
    )
    with TestClient(create_app(settings, opener), base_url="http://test/api/v1") as client:
        client.post("/collections", json={"name": "papers"})
        yield client


def until(look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + 120
    while not wanted(found := look()):
        assert time.monotonic() < end, f"it is still {found}"
        time.sleep(0.05)
    return found


def submit(client: TestClient, *texts: str, **handling: float) -> str:
    documents = [{"source": text[:6], "text": text} for text in texts]
    taken = client.post(DOCUMENTS, json=documents, params=handling)
    assert taken.status_code == 202, taken.text
    return f"/jobs/{taken.json()['job']}"


def test_documents_are_found_while_the_model_still_reads_them(tmp_path: Path) -> None:
    go_on = Event()

    def slowly(request: Request) -> Answer:
        go_on.wait(100)
        return answers(request)

    with ChatServer(slowly) as model, opened(tmp_path, model) as client:
        path = submit(client, *TEXTS)

        def ask() -> list[str]:
            found = client.post("/collections/papers/query", json={"question": "Who met Hebb?"})
            return [hit["text"] for hit in found.json()["hits"]]

        assert set(until(ask, lambda hits: len(hits) == 2)) == set(TEXTS)
        job = client.get(path).json()
        assert (job["state"], job["documents_drafted"], job["passages_done"]) == ("running", 2, 0)
        entities = client.get("/collections/papers/stats").json()["counts"]["entities"]
        assert entities > 2, "people are known already"
        go_on.set()
        job = until(lambda: client.get(path).json(), lambda job: job["state"] == "done")
        assert job["counts"] == {"extracted": 2}
        assert (job["passages"], job["passages_done"], job["documents_drafted"]) == (2, 2, 0)
        assert (job["input_tokens"], job["output_tokens"]) == (400, 200)
        assert job["passages_per_second"] > 0
        assert job["seconds_left"] == 0


def test_an_estimate_a_budget_and_a_larger_one(tmp_path: Path) -> None:
    changes = {"llm_price_input": 1.0, "llm_price_output": 4.0, "first_tier": False}
    with ChatServer(answers) as model, opened(tmp_path, model, **changes) as client:
        documents = [{"text": text} for text in TEXTS]
        about = client.post(f"{DOCUMENTS}/estimate", json=documents).json()
        assert (about["documents"], about["passages"], about["to_read"]) == (2, 2, 2)
        assert 0.0 < about["cost"] < 0.1
        assert client.get("/jobs").json() == []
        path = submit(client, *TEXTS, budget_cost=about["cost"] / 4, priority=3)
        job = until(lambda: client.get(path).json(), lambda job: job["state"] == "done")
        assert job["counts"] == {"failed": 2}
        assert (job["priority"], model.calls) == (3, 0)
        assert job["budget"] == {"tokens": None, "cost": about["cost"] / 4}
        (one, _) = client.get(f"{path}/documents", params={"state": "failed"}).json()
        assert "budget" in one["error"]
        client.post(f"{path}/retry", json={"budget": {"cost": 1.0}})
        job = until(lambda: client.get(path).json(), lambda job: job["state"] == "done")
        assert job["counts"] == {"extracted": 2}
        assert job["cost"] == (400 * 1.0 + 200 * 4.0) / 1e6
        refused = client.post(f"{path}/retry", json={"budget": {"cost": 0.001}})
        assert refused.status_code == 409
        assert "0.001 is less than" in refused.json()["detail"]
        assert "0.0012" in refused.json()["detail"]
        assert client.post(f"{path}/retry", json={"budget": {"cost": job["cost"]}}).is_success


def test_documents_stay_drafted_when_a_budget_ends_until_the_model_has_read_them(
    tmp_path: Path,
) -> None:
    with ChatServer(answers) as model, opened(tmp_path, model) as client:
        path = submit(client, *TEXTS, budget_tokens=1)
        job = until(lambda: client.get(path).json(), lambda job: job["state"] == "done")
        assert (job["counts"], job["documents_drafted"]) == ({"failed": 2}, 2)
        (listed,) = client.get("/jobs").json()
        assert listed["documents_drafted"] == 2
        client.post(f"{path}/retry", json={"budget": {"tokens": 100_000}})
        job = until(lambda: client.get(path).json(), lambda job: job["state"] == "done")
        assert (job["counts"], job["documents_drafted"]) == ({"extracted": 2}, 0)


def test_money_without_prices_is_a_conflict(tmp_path: Path) -> None:
    with ChatServer(answers) as model, opened(tmp_path, model) as client:
        refused = client.post(DOCUMENTS, json=[{"text": "x"}], params={"budget_cost": 1})
        assert refused.status_code == 409
        assert "AMMON_LLM_PRICE_INPUT" in refused.json()["detail"]


def test_a_budget_for_what_waits_without_one_is_a_conflict(tmp_path: Path) -> None:
    go_on = Event()

    def slowly(request: Request) -> Answer:
        go_on.wait(100)
        return answers(request)

    with ChatServer(slowly) as model, opened(tmp_path, model) as client:
        documents = [{"source": "a", "text": TEXTS[0]}]
        job = client.post(DOCUMENTS, json=documents).json()["job"]
        refused = client.post(DOCUMENTS, json=documents, params={"budget_tokens": 1})
        go_on.set()
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:ammon:problem:waits-otherwise"
        assert job in refused.json()["detail"]


def test_answers_without_use_are_seen(tmp_path: Path) -> None:
    def rule(request: Request) -> Answer:
        if "Lashley" in request.body["messages"][-1]["content"]:
            return Answer(content='{"entities": [', finish_reason="length")
        if "Lashley" in request.prompt:
            return Answer(content="")
        return answers(request)

    with ChatServer(rule) as model, opened(tmp_path, model, first_tier=False) as client:
        path = submit(client, *TEXTS)
        job = until(lambda: client.get(path).json(), lambda job: job["state"] == "done")
        assert job["counts"] == {"extracted": 2}
        (one,) = client.get(f"{path}/quarantine").json()
        assert (one["source"], one["passage"][:4]) == ("Karl L", "psg-")
        assert "No usable answer" in one["reason"]


def test_a_cancelled_job_sends_no_more_and_keeps_its_drafts(tmp_path: Path) -> None:
    go_on = Event()

    def slowly(request: Request) -> Answer:
        go_on.wait(100)
        return answers(request)

    with ChatServer(slowly) as model, opened(tmp_path, model, llm_concurrency=1) as client:
        path = submit(client, *(f"{number} {TEXTS[0]}" for number in range(9)))
        until(lambda: model.calls, lambda calls: calls > 0)
        assert client.post(f"{path}/cancel").json()["counts"] == {"cancelled": 9}
        go_on.set()
        job = until(lambda: client.get(path).json(), lambda job: job["state"] == "done")
        assert job["counts"] == {"cancelled": 9}
        time.sleep(0.5)
        assert model.calls <= 6, "what was under way ends; nothing new is begun"
        assert client.get("/collections/papers/stats").json()["counts"]["documents"] == 9
