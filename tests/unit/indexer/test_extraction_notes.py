"""What a model answered outlives the process that asked, also between a passage's two questions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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


def extracted(server: ChatServer, notebook: Notebook) -> Extraction:
    """By an extractor of its own, as that of a process that begins."""
    endpoint = Endpoint(base_url=server.url, model="scripted", attempts=1)
    model = OpenAIChatModel(endpoint)
    try:
        (extraction,) = LLMExtractor(model).resume([MILNER], notebook)
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
