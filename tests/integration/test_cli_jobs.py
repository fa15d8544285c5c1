"""`ammon jobs`, budgets and estimates on the command line, with a chat model over real HTTP."""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from indexer.process import worker_name
from kg.records import Document
from server.cli.watch import view
from server.composition import compose
from server.core import Core
from server.reports.status import job_status
from server.settings import Settings, load
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.command_line import Ammon, Opener
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.waiting import until


def answers(request: Request) -> Answer:
    if "Named entities:" in request.body["messages"][-1]["content"]:
        said: object = {"triples": [{"subject": "A", "relation": "knows", "object": "B"}]}
    else:
        said = {"entities": [{"name": "A", "type": "person"}]}
    return Answer(content=json.dumps(said), usage=(100, 50))


@pytest.fixture
def model() -> Iterator[ChatServer]:
    with ChatServer(answers) as server:
        yield server


def _open(settings: Settings) -> Core:
    return compose(settings, embedder=lambda *_: HashEmbedder())


def _watched() -> str:
    """What `ammon status --watch` shows at one moment."""
    core = _open(load().settings)
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(view(core))
    core.close()
    return console.export_text()


@pytest.fixture
def opener() -> Opener:
    return _open


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, data_folder: Path, model: ChatServer) -> None:
    monkeypatch.setenv("AMMON_LLM_BASE_URL", model.url)
    monkeypatch.setenv("AMMON_EXTRACTOR", "llm:m")
    monkeypatch.setenv("AMMON_FIRST_TIER", "false")


@pytest.fixture
def ammon(environment: None, ammon: Ammon) -> Ammon:
    return ammon


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("Karl Lashley sought the engram.", encoding="utf-8")
    (folder / "b.txt").write_text("Donald Hebb met Brenda Milner.", encoding="utf-8")
    return folder


def test_an_estimate_changes_nothing(ammon: Ammon, notes: Path, model: ChatServer) -> None:
    said = ammon("ingest", "--estimate", notes)
    assert said.code == 0
    assert "2 documents to index, 0 unchanged; 2 passages, 2 of them to extract" in said.out
    assert "prices unknown" in said.out
    found = ammon("ingest", "--estimate", notes, "--json").json["estimate"]
    assert (found["to_read"], found["spending"]["cost"]) == (2, None)
    assert found["spending"]["input_tokens"] > 500
    assert ammon("status", "--json").json["collections"] == []
    assert model.calls == 0


def test_an_estimate_knows_prices(
    ammon: Ammon, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMMON_LLM_PRICE_INPUT", "1000")
    one = ammon("ingest", "--estimate", notes).out
    assert "prices unknown (AMMON_LLM_PRICE_INPUT, AMMON_LLM_PRICE_OUTPUT)" in one
    monkeypatch.setenv("AMMON_LLM_PRICE_OUTPUT", "0.1")
    assert "about 1." in ammon("ingest", "--estimate", notes).out


def test_an_estimate_refuses_a_budget_that_is_none(ammon: Ammon, notes: Path) -> None:
    said = ammon("ingest", "--estimate", "--budget", "5,00", notes)
    assert (said.code, "'5,00' is not a budget" in said.complaint) == (2, True)


def test_what_was_spent_is_told(ammon: Ammon, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMMON_LLM_PRICE_INPUT", "10")
    monkeypatch.setenv("AMMON_LLM_PRICE_OUTPUT", "10")
    assert "read 400 tokens and wrote 200, for 0.006" in ammon("ingest", notes).out


def test_jobs_that_are_over_are_forgotten(
    ammon: Ammon, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ammon("ingest", notes)
    assert "0 jobs deleted" in ammon("jobs", "prune").out
    assert ammon("jobs", "prune", "--days", "0", "--json").json == {"forgotten": 1}
    assert ammon("jobs", "--json").json["jobs"] == []
    assert ammon("ingest", notes, "--json").json["unchanged"] == 2
    monkeypatch.setenv("AMMON_JOB_RETENTION_DAYS", "0")
    said = ammon("jobs", "prune")
    assert (said.code, "--days" in said.err) == (2, True)


def test_indexing_anew_may_have_a_budget(ammon: Ammon, notes: Path, model: ChatServer) -> None:
    ammon("ingest", notes)
    said = ammon("reindex", "--extractor", "llm:other", "--budget", "1t", "--json").json
    assert (len(said["failed"]), said["documents"]) == (2, 0)
    assert model.calls == 4, "those of the first time"
    again = ammon("reindex", "--extractor", "llm:other", "--budget", "1t")
    assert "The old index stays in use until these documents succeed" in again.err
    told = ammon("status").out
    assert "extractor llm:m, " in told
    assert "being re-indexed with extractor llm:other" in told
    (job, *_) = ammon("jobs", "--json").json["jobs"]
    ammon("jobs", "retry", job["id"], "--budget", "1mt")
    assert ammon("reindex").code == 0
    told = ammon("status").out
    assert "extractor llm:other, " in told
    assert "being re-indexed" not in told
    assert model.calls == 8


def test_indexing_anew_says_what_became_of_each_document(
    ammon: Ammon, notes: Path, model: ChatServer
) -> None:
    ammon("ingest", notes)
    assert "Re-indexed 0 documents of 'default', 0 failed; 2 were indexed so already." in (
        ammon("reindex").out
    )
    told = ammon("reindex", "--extractor", "llm:other").out
    assert "Re-indexed 2 documents of 'default', 0 failed." in told
    (notes / "c.txt").write_text("Karl Lashley sought the engram in Boston.", encoding="utf-8")
    ammon("ingest", notes)
    said = ammon("reindex", "--extractor", "llm:other", "--json").json
    assert (said["documents"], said["unchanged"], said["failed"]) == (0, 3, [])


def test_an_indexing_anew_that_is_cancelled_does_not_claim_success(
    ammon: Ammon, notes: Path, model: ChatServer
) -> None:
    ammon("ingest", notes)

    def cancel(request: Request) -> Answer:
        core = _open(load().settings)
        core.cancel(core.queue.jobs(limit=1)[0].id)
        core.close()
        return answers(request)

    model.chat = cancel
    said = ammon("reindex", "--extractor", "llm:other")
    assert (said.code, "Indexed" in said.out) == (1, False)
    assert "was cancelled: nothing has changed. 2 documents had not been processed." in said.err
    assert "extractor llm:m, " in ammon("status").out
    said = ammon("reindex", "--extractor", "llm:third", "--json")
    assert (said.code, said.json["documents"], said.json["cancelled"]) == (1, 0, 2)


def test_a_change_of_extractor_that_waits_leaves_questions_without_a_warning(
    ammon: Ammon, notes: Path
) -> None:
    ammon("ingest", notes)
    ammon("reindex", "--extractor", "llm:other", "--budget", "1t")
    told = ammon("status").out
    assert "up to date: snapshot" in told
    assert "tokens: 0 of 2, 2 failed" in " ".join(told.split())
    assert "not searchable yet" not in ammon("query", "Who met Hebb?").err


def test_a_budget_of_money_needs_prices(ammon: Ammon, notes: Path) -> None:
    said = ammon("ingest", notes, "--budget", "2.50")
    assert (said.code, "AMMON_LLM_PRICE_INPUT" in said.err) == (1, True)
    assert ammon("status", "--json").json["collections"] == [], "nothing was made"


def test_a_spent_budget_is_told_and_a_larger_one_goes_on(
    ammon: Ammon, notes: Path, model: ChatServer
) -> None:
    said = ammon("ingest", notes, "--budget", "10tokens")
    assert said.code == 1
    assert "The job's budget of 10 tokens" in said.err
    (job,) = ammon("jobs", "--json").json["jobs"]
    assert (job["counts"], job["budget"]["tokens"]) == ({"failed": 2}, 10)
    said = ammon("jobs", "retry", job["id"][:12], "--budget", "1Mt")
    assert (said.code, model.calls) == (0, 4)
    assert "2 extracted" in said.out
    assert "passages 2 of 2" in said.out
    assert "tokens 400 in, 200 out" in said.out
    assert "budget 1,000,000 tokens" in said.out
    said = ammon("jobs", "retry", job["id"], "--budget", "599t")
    assert said.code == 1
    assert "budget of 599 tokens is less than what this job has spent already, 600" in said.err
    assert ammon("jobs", "--json").json["jobs"][0]["budget"]["tokens"] == 10**6


def test_jobs_are_listed_and_shown(ammon: Ammon, notes: Path, model: ChatServer) -> None:
    assert "There are no jobs" in ammon("jobs").out
    model.chat = lambda request: (
        Answer(content="") if "Hebb" in request.prompt else answers(request)
    )
    ammon("ingest", notes, "--priority", 5)
    listed = ammon("jobs").out
    assert "done, 100 % of 2: 2 extracted" in listed
    assert "priority 5" in listed
    (job,) = ammon("jobs", "--json").json["jobs"]
    shown = ammon("jobs", "show", job["id"])
    assert "b.txt: 1 passage in quarantine" in shown.err
    found = ammon("jobs", "show", job["id"], "--json").json
    assert [one["source"] for one in found["quarantine"]] == ["b.txt"]
    assert found["failed"] == []
    assert found["cost"] is None, "prices are unknown"


@pytest.mark.parametrize(
    "option", [("--priority", "9" * 20), ("--priority", "-1001"), ("--budget", "9" * 400 + "t")]
)
def test_numbers_beyond_all_measure_are_refused_before_anything_is_made(
    ammon: Ammon, notes: Path, option: tuple[str, str]
) -> None:
    said = ammon("ingest", notes, *option)
    assert said.code in (1, 2)
    assert "Unexpected" not in said.err
    assert ammon("status", "--json").json["collections"] == []


def turned_away(ammon: Ammon, notes: Path, model: ChatServer) -> dict[str, Any]:
    """A job that waits, as the model refuses the key."""
    model.chat = lambda _: Answer(status=401, content="no key")
    assert ammon("ingest", notes).code == 1
    (job,) = ammon("status", "--json").json["jobs"]
    return dict(job)


def test_a_budget_is_not_ignored_for_what_waits_without_one(
    ammon: Ammon, notes: Path, model: ChatServer
) -> None:
    job = turned_away(ammon, notes, model)
    model.chat, before = answers, model.calls
    said = ammon("ingest", notes, "--budget", "10tokens")
    assert (said.code, model.calls) == (1, before), "nothing was paid"
    assert f"ammon jobs cancel {job['id']}" in said.complaint
    ammon("jobs", "cancel", job["id"])
    said = ammon("ingest", notes, "--budget", "10tokens")
    assert ("The job's budget of 10 tokens" in said.err, model.calls) == (True, before)


def test_with_a_broker_status_names_workers_for_what_waits(
    ammon: Ammon, notes: Path, model: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("celery", reason="pip install -e '.[celery]'")
    turned_away(ammon, notes, model)
    assert "ammon ingest or ammon serve processes them" in " ".join(ammon("status").out.split())
    monkeypatch.setenv("AMMON_BROKER_URL", "redis://127.0.0.1:1/0")
    assert "2 documents queued (ammon worker processes" in " ".join(ammon("status").out.split())


def test_a_job_that_is_not_there_is_named(ammon: Ammon) -> None:
    said = ammon("jobs", "show", "job-none")
    assert (said.code, "job-none" in said.err) == (1, True)
    assert "ammon jobs" in said.err


def test_a_cancelled_job_is_over(ammon: Ammon, notes: Path, model: ChatServer) -> None:
    job = turned_away(ammon, notes, model)
    assert job["counts"] == {"queued": 2}
    assert "2 cancelled" in ammon("jobs", "cancel", job["id"]).out
    assert ammon("status", "--json").json["jobs"] == []


def test_where_there_is_nothing_to_cancel_or_to_retry_that_is_told(
    ammon: Ammon, notes: Path, model: ChatServer
) -> None:
    job = turned_away(ammon, notes, model)
    assert "nothing to cancel" not in ammon("jobs", "cancel", job["id"]).out
    assert "nothing to cancel: this job was over" in ammon("jobs", "cancel", job["id"]).out
    said = ammon("jobs", "retry", job["id"])
    assert (said.code, "nothing to retry: no document failed" in said.out) == (0, True)
    assert "run the command that created the job again" in " ".join(said.out.split())


def test_a_retry_waits_for_what_another_command_still_adds_to_the_job(
    ammon: Ammon, notes: Path, model: ChatServer
) -> None:
    ammon("ingest", notes)
    filler, texts = worker_name(), ("Ivan Pavlov rang a bell.", "Edward Tolman built a maze.")
    first, second = (
        Document(id=f"doc-{number}", fingerprint="1", source=f"{number}", title="", text=text)
        for number, text in enumerate(texts)
    )
    core = _open(load().settings)
    job = core.queue.enqueue("default", [first], filler=filler, seconds=60)
    (task,) = core.queue.lease(worker="test", limit=1, seconds=60)
    core.queue.fail(task.id, "broken", worker="test", retry=False)

    def fill() -> None:
        """Add the second once the first is done and seen."""
        until(lambda: job_status(core, core.queue.job(job.id)).indexed == 1)
        core.queue.fill(job.id, [second], worker=filler, seconds=0)

    with ThreadPoolExecutor(1) as elsewhere:
        filled = elsewhere.submit(fill)
        said = ammon("jobs", "retry", job.id)
        filled.result(60)
    core.close()
    assert said.code == 0
    assert "done, 100 % of 2: 2 extracted" in said.out


def test_an_ingest_that_is_cancelled_meanwhile_does_not_claim_success(
    ammon: Ammon, notes: Path, model: ChatServer
) -> None:
    def cancel(request: Request) -> Answer:
        core = _open(load().settings)
        core.cancel(core.queue.jobs(limit=1)[0].id)
        core.close()
        return answers(request)

    model.chat = cancel
    said = ammon("ingest", notes)
    assert (said.code, "0 new" in said.out) == (1, True)
    assert "2 documents were cancelled: to ingest them, run the same command" in said.complaint
    model.chat = answers
    said = ammon("ingest", notes, "--json")
    assert (said.code, said.json["new"], said.json["cancelled"]) == (0, 2, 0)


def test_the_view_that_is_watched_tells_how_jobs_stand(
    ammon: Ammon, notes: Path, model: ChatServer, environment: None
) -> None:
    model.chat = lambda _: Answer(status=401, content="no key")
    ammon("ingest", notes)
    seen = _watched()
    assert "default" in seen
    assert "0 of 2" in seen
    assert "job-" in seen


def test_watching_and_looking_say_the_same_where_there_is_no_collection(ammon: Ammon) -> None:
    said = "There are no collections yet: ammon ingest PATH"
    assert said in ammon("status").out
    assert _watched().startswith(said)


_WATCH = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # which who runs tests may have ignored
from server.cli import main
main(["status", "--watch"])
"""


def test_watching_goes_on_until_it_is_interrupted(environment: None, tmp_path: Path) -> None:
    out = tmp_path / "seen"
    with out.open("wb") as file:
        watching = subprocess.Popen(
            [sys.executable, "-c", _WATCH],
            stdout=file,
            stderr=file,
        )
        try:
            shown = b"No jobs are running"
            until(lambda: shown in out.read_bytes() or watching.poll() is not None)
            watching.send_signal(signal.SIGINT)
            assert watching.wait(60) == 0
        finally:
            watching.kill()
            watching.wait()
    assert "Traceback" not in out.read_text(encoding="utf-8")
