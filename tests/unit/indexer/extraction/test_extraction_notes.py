"""What a model answered outlives the process that asked, also between a passage's two questions."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from indexer.extraction.answer_spool import AnswerSpool
from indexer.extraction.llm import LLMExtractor
from indexer.extraction.notes import Answered, Label, Notebook, Notes, Payer
from indexer.extraction.store_notebook import StoreNotebook
from inference.openai_compatible import Endpoint, OpenAIChatModel, chat
from kg.errors import ModelUnavailable
from kg.jobs import Prices, Progress
from kg.records import CollectionSettings, Document, Extraction, Passage
from kg.sqlite import SQLiteStore
from tests.doubles.chat_server import Answer, ChatServer, Request

MILNER = Passage(id="psg-1", title="Milner", heading="", text="Brenda Milner worked in Montreal.")
PRICES = Prices(input=2.0, output=10.0)
ENTITIES = '{"entities": [{"name": "Brenda Milner", "type": "person"}]}'
FINISHED = Extraction(passage_id="psg-1", extractor="llm:scripted:1")
TRIPLES = '{"triples": [["Brenda Milner", "worked in", "Montreal"]]}'


def asks_for_triples(request: Request) -> bool:
    return "Named entities:" in request.prompt


def good(request: Request) -> Answer:
    return Answer(content=TRIPLES if asks_for_triples(request) else ENTITIES)


def fails_at_triples(request: Request) -> Answer:
    return Answer(status=500) if asks_for_triples(request) else good(request)


@pytest.fixture
def notebook(tmp_path: Path) -> Iterator[StoreNotebook]:
    store = SQLiteStore(tmp_path / "store.sqlite")
    store.create_collection("notes", CollectionSettings(extractor="llm:scripted"))
    yield StoreNotebook(store=store, collection="notes", extractor="llm:scripted:1")
    store.close()


@dataclass
class KilledInFront:
    """A notebook whose process is killed before it has written anything."""

    notebook: Notebook

    def read(self, passage_ids: Sequence[str]) -> Mapping[str, Notes]:
        return self.notebook.read(passage_ids)

    def add(self, passage_id: str, answer: Answered) -> Notes:
        raise SystemExit

    def label(self, passage_id: str) -> Label:
        return self.notebook.label(passage_id)

    def finish(self, passage_id: str) -> None:
        raise AssertionError("the dead finish nothing")


@contextmanager
def opened(server: ChatServer, spool: Path | None = None) -> Iterator[LLMExtractor]:
    """An extractor of its own, as that of a process that begins."""
    endpoint = Endpoint(base_url=server.url, model="scripted", attempts=1)
    model = OpenAIChatModel(endpoint)
    try:
        yield LLMExtractor(model, spool=spool)
    finally:
        model.close()


def extracted(server: ChatServer, notebook: Notebook, spool: Path | None = None) -> Extraction:
    with opened(server, spool) as extractor:
        (extraction,) = extractor.resume([MILNER], notebook)
    return extraction


def asked(server: ChatServer) -> list[bool]:
    """Of each question whether it was for triples."""
    return [asks_for_triples(request) for request in server.requests]


def test_another_process_goes_on_with_the_second_question(
    server: ChatServer, notebook: StoreNotebook
) -> None:
    server.chat = fails_at_triples
    with pytest.raises(ModelUnavailable):
        extracted(server, notebook)
    server.chat = good
    server.requests.clear()
    again = extracted(server, notebook)
    assert asked(server) == [True]
    assert (again.input_tokens, again.output_tokens) == (22, 14)
    assert [entity.name for entity in again.entities] == ["Brenda Milner"]


def test_a_passage_that_was_answered_but_not_saved_is_not_asked_for_again(
    server: ChatServer, notebook: StoreNotebook
) -> None:
    first = extracted(server, notebook)
    server.requests.clear()
    assert extracted(server, notebook) == first
    assert server.calls == 0


def test_an_answer_that_could_not_be_used_is_corrected_not_asked_for_again(
    server: ChatServer, notebook: StoreNotebook
) -> None:
    server.chat = lambda request: (
        Answer(status=500)
        if "cannot be used" in request.prompt
        else Answer(content="", finish_reason="length")
    )
    with pytest.raises(ModelUnavailable):
        extracted(server, notebook)
    server.chat = good
    server.requests.clear()
    extracted(server, notebook)
    assert "cannot be used" in server.requests[0].prompt


def test_an_answer_that_waits_for_the_store_outlives_its_process(
    server: ChatServer, notebook: StoreNotebook, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        extracted(server, KilledInFront(notebook), tmp_path / "answers")
    assert notebook.read(["psg-1"]) == {}
    found = extracted(server, notebook, tmp_path / "answers")
    assert asked(server) == [False, True]
    assert (found.input_tokens, found.output_tokens) == (22, 14)
    assert list((tmp_path / "answers").iterdir()) == []


def test_an_answer_lies_in_a_file_before_anything_else_is_done_with_it(
    server: ChatServer, notebook: StoreNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(chat, "_message", killed)  # what is done first with an answer
        with pytest.raises(SystemExit):
            extracted(server, notebook, tmp_path / "answers")
    extracted(server, notebook, tmp_path / "answers")
    assert asked(server) == [False, True]


def test_an_answer_that_cannot_be_used_is_one_too_when_it_is_found(
    server: ChatServer, notebook: StoreNotebook, tmp_path: Path
) -> None:
    server.chat = lambda _: Answer(content="Sure!", finish_reason="length")
    with pytest.raises(SystemExit):
        extracted(server, KilledInFront(notebook), tmp_path / "answers")
    server.chat = good
    found = extracted(server, notebook, tmp_path / "answers")
    assert "cannot be used" in server.requests[1].prompt
    assert found.input_tokens == 33


@pytest.mark.parametrize("rest", [b"", b'{"choices": [{"mess'])
def test_half_an_answer_is_none(
    server: ChatServer, notebook: StoreNotebook, tmp_path: Path, rest: bytes
) -> None:
    file = AnswerSpool(tmp_path).reserve(notebook.label("psg-1"), "entities")
    file.arrived(rest)
    with opened(server, tmp_path) as extractor:
        extractor.recover(partial(StoreNotebook.of, notebook.store), lambda _: True)
    assert [*AnswerSpool(tmp_path).entries()] == []
    extracted(server, notebook, tmp_path)
    assert asked(server) == [False, True]


def test_an_answer_that_comes_again_takes_the_first_ones_place(
    notebook: StoreNotebook, tmp_path: Path
) -> None:
    file = AnswerSpool(tmp_path).reserve(notebook.label("psg-1"), "entities")
    file.arrived(b"<html>a proxy speaks</html>")
    file.arrived(b"{}")
    assert [spooled.answer for spooled in AnswerSpool(tmp_path).entries()] == [b"{}"]


def test_others_of_the_machine_bring_in_what_the_dead_left(
    server: ChatServer, notebook: StoreNotebook, tmp_path: Path
) -> None:
    """Before the passage is begun anew, maybe on another machine: what it took is counted too."""
    task = a_task(notebook)
    paying = replace(notebook, payers={"psg-1": Payer(task=task, prices=PRICES)})
    with pytest.raises(SystemExit):
        extracted(server, KilledInFront(paying), tmp_path / "answers")
    with opened(server, tmp_path / "answers") as extractor:
        extractor.recover(partial(StoreNotebook.of, notebook.store), lambda _: False)
        assert notebook.read(["psg-1"]) == {}, "whoever lives brings it in"
        extractor.recover(partial(StoreNotebook.of, notebook.store), lambda _: True)
    assert notebook.read(["psg-1"])["psg-1"].texts == {"entities": ENTITIES}
    assert spent(notebook) == Progress(input_tokens=11, output_tokens=7, cost=PRICES.cost(11, 7))
    extracted(server, paying, tmp_path / "elsewhere")
    assert asked(server) == [False, True]
    assert spent(notebook).input_tokens == 22


def test_an_answer_is_counted_once_however_often_it_is_brought_in(
    notebook: StoreNotebook,
) -> None:
    paying = replace(notebook, payers={"psg-1": Payer(task=a_task(notebook), prices=PRICES)})
    first = Answered(mark="a", question="entities", text=ENTITIES, input_tokens=3, output_tokens=2)
    other = replace(first, mark="b", text="another")
    for answer in (first, first, other, first):
        paying.add("psg-1", answer)
    noted = paying.read(["psg-1"])["psg-1"]
    assert noted.texts == {"entities": ENTITIES}, "the first that can be used stays"
    assert (noted.input_tokens, spent(notebook).input_tokens) == (6, 6), "each was paid"
    paying.conclude([FINISHED])
    paying.add("psg-1", first)
    assert spent(notebook).input_tokens == 6, "also when its passage is done"


def test_an_answer_that_nobody_came_back_for_is_removed_after_a_day(
    notebook: StoreNotebook, tmp_path: Path
) -> None:
    spool = AnswerSpool(tmp_path / "answers")
    spool.reserve(notebook.label("psg-1"), "entities").arrived(b"{}")
    (file,) = spool.folder.iterdir()
    os.utime(file, (time.time() - 90_000, time.time() - 90_000))
    assert [*spool.entries()] == []
    assert not file.exists()


def test_an_answer_that_cannot_be_spooled_is_saved_all_the_same(
    server: ChatServer, notebook: StoreNotebook, tmp_path: Path
) -> None:
    (tmp_path / "answers").write_text("in the way of a folder")
    extracted(server, notebook, tmp_path / "answers")
    assert "psg-1" in notebook.read(["psg-1"])


def test_notes_go_with_the_transaction_that_saves_the_extraction(
    server: ChatServer, notebook: StoreNotebook
) -> None:
    extraction = extracted(server, notebook)
    assert "psg-1" in notebook.read(["psg-1"])
    notebook.conclude([extraction])
    assert notebook.read(["psg-1"]) == {}
    saved = notebook.store.saved_extractions("notes", extraction.extractor, ["psg-1"])
    assert saved == {"psg-1": extraction}


def test_notes_come_back_as_they_were(notebook: StoreNotebook) -> None:
    answer = Answered(
        mark="a",
        question="entities",
        text="巴",
        fault="cut off",
        model="m",
        input_tokens=3,
        output_tokens=4,
    )
    notes = notebook.add("psg-1", answer)
    assert (notes.texts, notes.faults) == ({"entities": "巴"}, {"entities": "cut off"})
    assert (notes.model, notes.input_tokens, notes.output_tokens) == ("m", 3, 4)
    assert notebook.read(["psg-1", "psg-2"]) == {"psg-1": notes}


def a_task(notebook: StoreNotebook) -> str:
    """Of a job of the notebook's collection."""
    store = notebook.store
    assert isinstance(store, SQLiteStore)
    document = Document(id="doc-1", fingerprint="1", source="a", title="", text="a")
    job = store.enqueue("notes", [document])
    (task,) = store.tasks(job.id)
    return task.id


def spent(notebook: StoreNotebook) -> Progress:
    """By the newest job."""
    assert isinstance(notebook.store, SQLiteStore)
    return notebook.store.jobs()[0].progress
