"""What a model answered outlives the process that asked, also between a passage's two questions."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from indexer.extraction.aside import NotesAside
from indexer.extraction.llm import LLMExtractor
from indexer.extraction.notes import Notebook, Notes, StoreNotebook
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg.errors import ModelUnavailable
from kg.records import CollectionSettings, Extraction, Passage
from kg.sqlite import SQLiteStore
from tests.doubles.chat_server import Answer, ChatServer, Request

MILNER = Passage(id="psg-1", title="Milner", heading="", text="Brenda Milner worked in Montreal.")
ENTITIES = '{"entities": [{"name": "Brenda Milner", "type": "person"}]}'
TRIPLES = '{"triples": [["Brenda Milner", "worked in", "Montreal"]]}'


def asks_for_triples(request: Request) -> bool:
    return "Named entities:" in request.prompt


def good(request: Request) -> Answer:
    return Answer(content=TRIPLES if asks_for_triples(request) else ENTITIES)


def fails_at_triples(request: Request) -> Answer:
    return Answer(status=500) if asks_for_triples(request) else good(request)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(good) as server:
        yield server


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

    def write(self, passage_id: str, notes: Notes) -> None:
        raise SystemExit

    def finish(self, passage_id: str) -> None:
        raise AssertionError("the dead finish nothing")


def extracted(server: ChatServer, notebook: Notebook, aside: Path | None = None) -> Extraction:
    """By an extractor of its own, as that of a process that begins."""
    endpoint = Endpoint(base_url=server.url, model="scripted", attempts=1)
    model = OpenAIChatModel(endpoint)
    try:
        (extraction,) = LLMExtractor(model, aside=aside).resume([MILNER], notebook)
    finally:
        model.close()
    return extraction


def test_another_process_goes_on_with_the_second_question(
    server: ChatServer, notebook: StoreNotebook
) -> None:
    server.chat = fails_at_triples
    with pytest.raises(ModelUnavailable):
        extracted(server, notebook)
    server.chat = good
    server.requests.clear()
    again = extracted(server, notebook)
    assert [asks_for_triples(request) for request in server.requests] == [True]
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
        extracted(server, KilledInFront(notebook), tmp_path / "aside")
    assert notebook.read(["psg-1"]) == {}
    found = extracted(server, notebook, tmp_path / "aside")
    assert [asks_for_triples(request) for request in server.requests] == [False, True]
    assert (found.input_tokens, found.output_tokens) == (22, 14)
    assert list((tmp_path / "aside").iterdir()) == []


def test_what_the_store_has_counts_more_than_an_older_answer_aside(
    notebook: StoreNotebook, tmp_path: Path
) -> None:
    aside = NotesAside(notebook=notebook, folder=tmp_path / "aside", extractor="llm")
    with pytest.raises(SystemExit):
        replace(aside, notebook=KilledInFront(notebook)).write("psg-1", Notes(texts={"a": "1"}))
    assert aside.read(["psg-1"]) == {"psg-1": Notes(texts={"a": "1"})}
    later = Notes(texts={"a": "1", "b": "2"})
    notebook.write("psg-1", later)
    assert aside.read(["psg-1"]) == {"psg-1": later}


def test_an_answer_that_nobody_came_back_for_is_removed_after_a_day(
    notebook: StoreNotebook, tmp_path: Path
) -> None:
    aside = NotesAside(notebook=notebook, folder=tmp_path / "aside", extractor="llm")
    with pytest.raises(SystemExit):
        replace(aside, notebook=KilledInFront(notebook)).write("psg-1", Notes(texts={"a": "1"}))
    (file,) = aside.folder.iterdir()
    os.utime(file, (time.time() - 90_000, time.time() - 90_000))
    assert aside.read(["psg-1"]) == {}
    assert not file.exists()


def test_an_answer_that_cannot_be_kept_aside_is_saved_all_the_same(
    server: ChatServer, notebook: StoreNotebook, tmp_path: Path
) -> None:
    (tmp_path / "aside").write_text("in the way of a folder")
    extracted(server, notebook, tmp_path / "aside")
    assert "psg-1" in notebook.read(["psg-1"])


def test_notes_go_with_the_transaction_that_saves_the_extraction(
    server: ChatServer, notebook: StoreNotebook
) -> None:
    extraction = extracted(server, notebook)
    assert "psg-1" in notebook.read(["psg-1"])
    notebook.store.save_extractions("notes", [extraction, notebook.cleared("psg-1")])
    assert notebook.read(["psg-1"]) == {}


def test_notes_come_back_as_they_were(notebook: StoreNotebook) -> None:
    notes = Notes(model="m", input_tokens=3, output_tokens=4, texts={"entities": "巴"})
    notes.faults["entities"] = "cut off"
    notebook.write("psg-1", notes)
    assert notebook.read(["psg-1", "psg-2"]) == {"psg-1": notes}
