"""Building snapshots."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from indexer.progress import StepProgress
from indexer.snapshot.build import build_snapshot
from indexer.snapshot.synonyms import link_synonyms
from kg.memory import MemoryStore
from kg.snapshot import Quantised, Snapshot, SnapshotReader, SnapshotWriter
from kg.store import Change
from tests.doubles.corpus import COLLECTION, Note, delete, empty_store, note, put, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder

HEBB = Note(
    title="Donald Hebb",
    text="He taught Brenda Milner at McGill. He wrote a famous book.",
    names=("Brenda Milner", "McGill", "1949"),
    types=("PERSON", "ORG", "CARDINAL"),
    triples=(("Donald Hebb", "taught", "Brenda Milner"),),
)
MILNER = Note(
    title="Brenda Milner",
    text="She studied H.M. in Montreal.\nMcGill made her a professor.",
    names=("H.M.", "Montreal"),
    triples=(("Brenda Milner", "studied", "H.M."), ("Donald Hebb", "taught", "Brenda Milner")),
)
BARE = note("nobody is named here")


def built(store: MemoryStore) -> Snapshot:
    with store.read(COLLECTION) as reader:
        return build_snapshot(reader, HashEmbedder())


def files(snapshot: Snapshot, folder: Path) -> dict[str, bytes]:
    """What is written, but for the manifest, whose revision may differ."""
    snapshot.write(SnapshotWriter(folder))
    return {path.name: path.read_bytes() for path in folder.glob("*.npy")}


def row_of(snapshot: Snapshot, one: Note) -> int:
    return list(snapshot.passages.id).index(one.passage.id)


def test_passages_and_documents_are_numbered_by_their_ids() -> None:
    snapshot = snapshot_of([HEBB, MILNER, BARE], HashEmbedder())
    assert list(snapshot.passages.id) == sorted(one.passage.id for one in (HEBB, MILNER, BARE))
    assert list(snapshot.documents.id) == sorted(one.document_id for one in (HEBB, MILNER, BARE))
    row = row_of(snapshot, MILNER)
    assert snapshot.passages.title[row] == "Brenda Milner"
    [document] = snapshot.passages.documents.row(row)
    assert snapshot.documents.id[document] == MILNER.document_id
    assert snapshot.documents.passages.row(document).tolist() == [row]
    assert (snapshot.documents.start[document], snapshot.documents.end[document]) == (
        0,
        len(MILNER.text),
    )


def test_the_snapshot_names_its_collection_revision_and_model() -> None:
    snapshot = snapshot_of([HEBB], HashEmbedder(32))
    assert (snapshot.collection, snapshot.revision, snapshot.embedder) == (COLLECTION, 1, "hash-32")


def test_passages_are_embedded_with_title_and_heading() -> None:
    store = empty_store()
    passage = replace(HEBB.passage, heading="Life")
    graph = replace(HEBB.graph, passages=(passage,))
    store.commit(COLLECTION, Change(put=(graph,)))
    snapshot = built(store)
    expected = HashEmbedder().embed([f"Donald Hebb\nLife\n{HEBB.text}"], "passage")
    assert snapshot.passages.heading[0] == "Life"
    np.testing.assert_array_equal(snapshot.passages.vectors, expected)


def test_sentences_are_embedded_with_the_title_if_there_is_one() -> None:
    snapshot = snapshot_of([HEBB, BARE], HashEmbedder())
    sentences = snapshot.sentences
    texts = {
        row_of(snapshot, HEBB): [
            "Donald Hebb: He taught Brenda Milner at McGill.",
            "Donald Hebb: He wrote a famous book.",
        ],
        row_of(snapshot, BARE): ["nobody is named here"],
    }
    expected = Quantised.of(HashEmbedder().embed([*texts[0], *texts[1]], "sentence"))
    np.testing.assert_array_equal(sentences.vectors.values, expected.values)
    np.testing.assert_array_equal(sentences.vectors.scale, expected.scale)
    assert sentences.indptr.tolist() == [0, len(texts[0]), 3]
    assert sentences.passage.tolist() == [0] * len(texts[0]) + [1] * len(texts[1])


def test_sentences_stand_where_they_are_in_the_text() -> None:
    snapshot = snapshot_of([MILNER], HashEmbedder())
    spans = zip(snapshot.sentences.start, snapshot.sentences.end, strict=True)
    assert [MILNER.text[start:end] for start, end in spans] == [
        "She studied H.M. in Montreal.",
        "McGill made her a professor.",
    ]


def test_facts_know_their_ends_and_the_passages_that_state_them() -> None:
    snapshot = snapshot_of([HEBB, MILNER], HashEmbedder())
    facts, names = snapshot.facts, list(snapshot.entities.name)
    found = {
        (names[facts.subject[row]], facts.relation[row], names[facts.object[row]]): [
            snapshot.passages.title[passage] for passage in facts.passages.row(row)
        ]
        for row in range(len(facts.id))
    }
    titles = [snapshot.passages.title[row] for row in range(2)]
    assert found == {
        ("donald hebb", "taught", "brenda milner"): titles,
        ("brenda milner", "studied", "h.m"): ["Brenda Milner"],
    }
    texts = [" ".join(key) for key in found]
    np.testing.assert_array_equal(facts.vectors, HashEmbedder().embed(texts, "fact"))


def test_entities_know_the_passages_that_mention_them() -> None:
    snapshot = snapshot_of([HEBB, MILNER], HashEmbedder())
    found = {
        name: [snapshot.passages.title[row] for row in snapshot.entities.passages.row(number)]
        for number, name in enumerate(snapshot.entities.name)
    }
    assert found["mcgill"] == ["Donald Hebb"]
    assert sorted(found["brenda milner"]) == ["Brenda Milner", "Donald Hebb"]


def test_numbers_and_amounts_are_entities_but_no_entries() -> None:
    snapshot = snapshot_of([HEBB], HashEmbedder())
    assert "1949" in list(snapshot.entities.name)
    assert sorted(snapshot.gazetteer.label) == ["Brenda Milner", "Donald Hebb", "McGill"]


def test_without_capitals_only_what_has_a_type_is_a_name() -> None:
    text = "the country where hebb was born has a memory of him."
    untyped = note(text, "", "hebb, country")
    lower = replace(untyped, types=("PERSON", ""))
    assert list(snapshot_of([lower], HashEmbedder()).gazetteer.label) == ["hebb"]
    assert sorted(snapshot_of([untyped], HashEmbedder()).gazetteer.label) == ["country", "hebb"]


def test_entries_are_paired_with_passages_whose_extraction_missed_them() -> None:
    snapshot = snapshot_of([HEBB, MILNER], HashEmbedder())
    entry = list(snapshot.gazetteer.label).index("McGill")
    pairs = snapshot.pairs
    rows = range(pairs.indptr[entry], pairs.indptr[entry + 1])
    assert pairs.passage[rows].tolist() == [0, 1]
    sentence = pairs.sentences.row(rows[row_of(snapshot, MILNER)])[0]
    start, end = snapshot.sentences.start[sentence], snapshot.sentences.end[sentence]
    assert MILNER.text[start:end] == "McGill made her a professor."


def test_metadata_and_dates_are_kept_as_text() -> None:
    store, graph = empty_store(), HEBB.graph
    document = replace(
        graph.document, metadata={"b": "北京", "a": 1}, observed_at=datetime(2020, 5, 1, tzinfo=UTC)
    )
    place = replace(graph.placements[0], page=3)
    changed = replace(graph, document=document, placements=(place,))
    store.commit(COLLECTION, Change(put=(changed,)))
    documents = built(store).documents
    assert documents.metadata[0] == '{"a": 1, "b": "北京"}'
    assert documents.observed_at[0] == "2020-05-01T00:00:00+00:00"
    assert documents.page.tolist() == [3]


def test_an_equal_passage_of_two_documents_is_one_with_two_citations() -> None:
    store, twin = empty_store(), replace(HEBB.graph.document, id="doc-twin", source="twin")
    place = replace(HEBB.graph.placements[0], document_id="doc-twin")
    second = replace(HEBB.graph, document=twin, placements=(place,))
    store.commit(COLLECTION, Change(put=(HEBB.graph, second)))
    snapshot = built(store)
    assert len(snapshot.passages.id) == 1
    assert snapshot.passages.documents.row(0).tolist() == [0, 1]


@pytest.mark.parametrize("notes", [[], [note("")], [BARE], [note("", title="Hebb")]])
def test_the_smallest_collections_can_be_built_written_and_read(
    notes: list[Note], tmp_path: Path
) -> None:
    snapshot = snapshot_of(notes, HashEmbedder())
    written = files(snapshot, tmp_path / "one")
    again = Snapshot.read(SnapshotReader.open(tmp_path / "one"))
    assert files(again, tmp_path / "two") == written
    assert len(snapshot.passages.id) == len(notes)
    assert len(snapshot.sentences.passage) == len(notes)


def test_progress_ends_at_the_number_of_texts() -> None:
    store, told = empty_store(), list[StepProgress]()
    put(store, [HEBB, MILNER])
    with store.read(COLLECTION) as reader:
        build_snapshot(reader, HashEmbedder(), told.append)
    last = {one.step: (one.done, one.total) for one in told}
    assert last == {
        "embed facts": (2, 2),
        "gazetteer": (2, 2),
        "embed passages": (2, 2),
        "embed sentences": (4, 4),
        "embed entities": (6, 6),
    }


def crowd(seed: int) -> list[Note]:
    chance = random.Random(seed)
    names = [
        "Hebb",
        "Brenda Milner",
        "Brenda Milners",
        "Brenda Millner",
        "McGill",
        "Москва",
        "北京",
    ]
    return [
        Note(
            title=chance.choice(["", "Hebb", "McGill (university)"]),
            text=f"In {number} so {first} met {second}. They talked at length.",
            names=(first, second),
            triples=((first, "met", second),),
        )
        for number, (first, second) in enumerate(chance.sample(names, 2) for _ in range(12))
    ]


def ingested(parts: Sequence[Sequence[Note]], gone: Sequence[Note] = ()) -> MemoryStore:
    store = empty_store()
    for part in parts:
        put(store, part)
        link_synonyms(store, COLLECTION, HashEmbedder())
    delete(store, gone)
    link_synonyms(store, COLLECTION, HashEmbedder())
    return store


@pytest.mark.parametrize("seed", range(3))
def test_equal_graphs_give_equal_bytes_however_they_came(seed: int, tmp_path: Path) -> None:
    notes = crowd(seed)
    passing = [replace(one, text=f"{one.text} Gone.") for one in notes[:4]]
    once = built(ingested([notes]))
    backwards = [*reversed(notes), *passing]
    parts = built(ingested([backwards[i : i + 3] for i in range(0, len(backwards), 3)], passing))
    assert len(once.synonyms.source) > 0
    assert files(once, tmp_path / "once") == files(parts, tmp_path / "parts")


def test_another_text_gives_other_bytes(tmp_path: Path) -> None:
    changed = [HEBB, replace(MILNER, text=f"{MILNER.text} She retired late.")]
    one = files(snapshot_of([HEBB, MILNER], HashEmbedder()), tmp_path / "one")
    other = files(snapshot_of(changed, HashEmbedder()), tmp_path / "other")
    assert one.keys() == other.keys()
    assert one != other
