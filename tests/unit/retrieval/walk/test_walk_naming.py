"""Which sentences are quoted for a name."""

import pytest

from kg.snapshot import Snapshot
from kg.surfaces import matches
from kg.tokens import tokenise
from retrieval.gazetteer import GazetteerLookup
from retrieval.walk.naming import Naming
from tests.doubles.corpus import Note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder

EMBEDDER = HashEmbedder(48)
NOTES = [
    Note(
        title="Hebb",
        text="It was long ago. Donald Hebb taught in Montreal. He liked Chester.",
        names=("Donald Hebb", "Montreal", "Chester"),
    ),
    Note(title="Milner", text="Brenda Milner knew Hebb.", names=("Brenda Milner", "Hebb")),
]


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return snapshot_of(NOTES, EMBEDDER)


def quoted(snapshot: Snapshot, name: str, title: str) -> str | None:
    entries = GazetteerLookup(snapshot).entries(name)
    passage = list(snapshot.passages.title).index(title)
    quote = Naming(snapshot).quote(entries, passage, EMBEDDER.embed([name], "query")[0])
    return quote.text if quote else None


def test_the_sentence_that_names_it_is_quoted(snapshot: Snapshot) -> None:
    assert quoted(snapshot, "montreal", "Hebb") == "Donald Hebb taught in Montreal."
    assert quoted(snapshot, "chester", "Hebb") == "He liked Chester."
    assert quoted(snapshot, "hebb", "Milner") == "Brenda Milner knew Hebb."


def test_a_passage_that_does_not_name_it_is_not_quoted(snapshot: Snapshot) -> None:
    assert quoted(snapshot, "chester", "Milner") is None


def test_a_sentence_names_the_entries_whose_surfaces_are_in_it(snapshot: Snapshot) -> None:
    table, naming = snapshot.gazetteer, Naming(snapshot)
    for passage in range(len(snapshot.passages.id)):
        for row in snapshot.pairs.by_passage.row(passage).tolist():
            entry = int(snapshot.pairs.entry[row])
            surfaces = {
                table.surface[place]
                for place in range(len(table.key))
                if entry in table.entries.row(place)
            }
            for sentence in snapshot.pairs.sentences.row(row).tolist():
                start, end = (
                    int(bound[sentence])
                    for bound in (snapshot.sentences.start, snapshot.sentences.end)
                )
                tokens = tokenise(snapshot.passages.text[passage][start:end])
                named = matches(tokens, cased=snapshot.cased, known=surfaces.__contains__)
                naming_it = naming.named_in(sentence, passage)
                assert (entry in naming_it) == bool(named)
