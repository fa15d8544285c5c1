import hashlib
import json
from dataclasses import replace

import pytest

from kg.dump import dump, dump_hash
from kg.memory import MemoryStore
from kg.records import Extraction
from kg.store import Change
from tests.conformance.material import COLLECTION, SETTINGS, extraction, graph, link, written


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.create_collection(COLLECTION, SETTINGS)
    store.commit(COLLECTION, written("丹", "Ann likes 鲍勃"))
    link(store, "ann 鲍勃")
    return store


def lines(store: MemoryStore) -> list[str]:
    with store.read(COLLECTION) as reader:
        return list(dump(reader))


def hash_of(store: MemoryStore) -> str:
    with store.read(COLLECTION) as reader:
        return dump_hash(reader)


def test_every_kind_of_record_is_there(store: MemoryStore) -> None:
    kinds = [json.loads(line)["kind"] for line in lines(store)]
    assert list(dict.fromkeys(kinds)) == [
        "document",
        "passage",
        "placement",
        "extraction",
        "entity",
        "fact",
        "mention",
        "support",
        "synonym",
    ]
    assert len(kinds) == 1 + 1 + 1 + 1 + 2 + 1 + 2 + 1 + 1


def test_lines_have_their_keys_in_order_and_keep_every_script(store: MemoryStore) -> None:
    for line in lines(store):
        record = json.loads(line)
        assert line == json.dumps(record, ensure_ascii=False, sort_keys=True)
    assert any("鲍勃" in line for line in lines(store))


def test_the_hash_is_of_the_lines(store: MemoryStore) -> None:
    text = "".join(f"{line}\n" for line in lines(store))
    assert hash_of(store) == hashlib.sha256(text.encode()).hexdigest()


def test_what_the_work_cost_is_no_content(store: MemoryStore) -> None:
    before = hash_of(store)
    found = extraction("Ann likes 鲍勃", "Ann likes 鲍勃")
    costly = replace(found, input_tokens=9, output_tokens=9, raw="{}", model="m")
    store.commit(COLLECTION, Change(extractions=(costly,)))
    assert hash_of(store) == before


@pytest.mark.parametrize(
    "other",
    [
        extraction("Ann likes 鲍勃", "Ann knows 鲍勃"),
        replace(extraction("Ann likes 鲍勃", "Ann likes 鲍勃"), failure="bad"),
        extraction("Ann likes 鲍勃", "Ann likes 鲍勃", by="other"),
    ],
    ids=["triple", "failure", "extractor"],
)
def test_what_an_extractor_found_is_content(store: MemoryStore, other: Extraction) -> None:
    before = hash_of(store)
    store.commit(COLLECTION, Change(extractions=(other,)))
    assert hash_of(store) != before


def test_a_document_without_any_passage_is_content(store: MemoryStore) -> None:
    before = hash_of(store)
    store.commit(COLLECTION, Change(put=(graph("empty"),)))
    assert hash_of(store) != before


def test_synonyms_are_content(store: MemoryStore) -> None:
    before = hash_of(store)
    store.forget_synonyms(COLLECTION)
    assert hash_of(store) != before
