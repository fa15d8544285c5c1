"""Documents and their passages: put, replaced, shared, deleted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from kg.errors import DocumentNotFound
from kg.records import JSON, Section
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    Store,
    StoreFixtures,
    document,
    document_id,
    fingerprint_of,
    graph,
    names,
    passage_id,
    removed,
    texts,
    with_fingerprint,
    written,
)


class DocumentsConformance(StoreFixtures):
    def test_a_document_comes_back_as_it_was_put(self, library: Store) -> None:
        record = replace(
            document("a", "first\nsecond", {"tags": ["x", 1, None], "deep": {"score": 0.5}}),
            sections=(Section(start=0, end=5, heading="A > B", page=1), Section(start=6, end=12)),
            observed_at=datetime(1934, 5, 6, 7, 8, tzinfo=timezone(timedelta(hours=2))),
            media_type="application/pdf",
        )
        library.commit(COLLECTION, Change(put=(replace(graph("a"), document=record),)))
        assert library.document(COLLECTION, record.id) == record

    def test_a_moment_without_a_zone_stays_without(self, library: Store) -> None:
        record = replace(document("a"), observed_at=datetime(1934, 5, 6, 7, 8))  # noqa: DTZ001 - meant
        library.commit(COLLECTION, Change(put=(replace(graph("a"), document=record),)))
        assert library.document(COLLECTION, record.id).observed_at == record.observed_at

    def test_a_missing_document_is_told_by_its_id(self, library: Store) -> None:
        with pytest.raises(DocumentNotFound, match="doc-1"):
            library.document(COLLECTION, "doc-1")

    def test_fingerprints_are_of_the_documents_in_the_graph(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a", "x"), graph("b", "y"))))
        library.commit(COLLECTION, removed("b"))
        assert library.fingerprints(COLLECTION) == {
            document_id("a"): graph("a", "x").document.fingerprint
        }

    def test_a_document_comes_instead_of_the_one_that_was_seen(self, library: Store) -> None:
        seen = graph("a", "x").document
        library.commit(COLLECTION, Change(put=(graph("a", "x"),)))
        again = with_fingerprint(graph("a", "y"), "other")
        change = Change(put=(again,), instead_of={seen.id: seen.fingerprint})
        assert library.commit(COLLECTION, change) == 2
        assert library.fingerprints(COLLECTION) == {seen.id: "other"}

    def test_it_does_not_if_that_one_changed_or_went_meanwhile(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a", "newer"),)))
        change = Change(
            put=(graph("a", "y"), graph("b", "z")),
            instead_of={document_id("a"): "seen", document_id("b"): "seen"},
        )
        assert library.commit(COLLECTION, change) == 1
        assert library.fingerprints(COLLECTION) == {
            document_id("a"): graph("a", "newer").document.fingerprint
        }

    def test_placements_are_kept_in_order(self, library: Store) -> None:
        given = graph("a", "x", "y", "x")
        paged = replace(
            given, placements=tuple(replace(one, page=one.ordinal + 7) for one in given.placements)
        )
        library.commit(COLLECTION, Change(put=(paged,)))
        with library.read(COLLECTION) as reader:
            assert tuple(reader.placements()) == paged.placements
            assert reader.counts()["passages"] == 2

    def test_each_change_raises_the_revision_by_one(self, library: Store) -> None:
        assert library.commit(COLLECTION, Change(put=(graph("a", "x"), graph("b", "y")))) == 1
        assert library.commit(COLLECTION, removed("a", "b")) == 2
        assert library.collection(COLLECTION).revision == 2

    def test_a_change_that_does_nothing_leaves_the_revision(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        for change in (Change(), removed("never"), written("a", "Ann likes Bob")):
            assert library.commit(COLLECTION, change) == 1

    def test_a_newer_text_takes_the_place_of_the_older(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob", "Bob likes Cid"))
        library.commit(COLLECTION, written("a", "Bob likes Cid", "Cid likes Dan"))
        assert texts(library) == {"Bob likes Cid", "Cid likes Dan"}
        assert names(library) == {"bob", "cid", "dan"}
        assert library.document(COLLECTION, document_id("a")).text == "Bob likes Cid\nCid likes Dan"

    def test_a_passage_that_stays_keeps_its_extraction(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob", "Bob likes Cid"))
        library.commit(COLLECTION, Change(put=(graph("a", "Ann likes Bob", "new"),)))
        assert names(library) == {"ann", "bob"}

    def test_other_content_of_the_same_passages_is_put(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a", "x"),)))
        library.commit(COLLECTION, Change(put=(with_fingerprint(graph("a", "x"), "other"),)))
        assert library.fingerprints(COLLECTION) == {document_id("a"): "other"}

    def test_passages_in_another_order_are_put(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a", "x", "y"),)))
        swapped = with_fingerprint(graph("a", "y", "x"), graph("a", "x", "y").document.fingerprint)
        assert library.commit(COLLECTION, Change(put=(swapped,))) == 2
        with library.read(COLLECTION) as reader:
            assert [one.passage_id for one in reader.placements()] == [
                passage_id("y"),
                passage_id("x"),
            ]

    def test_a_shared_passage_stays_until_the_last_document_goes(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.commit(COLLECTION, Change(put=(graph("b", "Ann likes Bob"),)))
        library.commit(COLLECTION, removed("a"))
        assert names(library) == {"ann", "bob"}
        library.commit(COLLECTION, removed("b"))
        assert texts(library) == set()
        assert names(library) == set()

    def test_a_passage_may_move_from_one_document_to_another(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        move = Change(put=(graph("b", "Ann likes Bob"),), delete=(document_id("a"),))
        library.commit(COLLECTION, move)
        assert names(library) == {"ann", "bob"}

    def test_deleting_a_document_leaves_a_graph_that_never_saw_it(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob", "Bob likes Cid"))
        before = fingerprint_of(library)
        library.commit(COLLECTION, written("b", "ANN likes Bob", "Bob likes Cid", "Cid likes Eve"))
        library.commit(COLLECTION, removed("b"))
        assert fingerprint_of(library) == before

    def test_what_is_put_and_deleted_at_once_is_put(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        change = replace(written("a", "Cid likes Dan"), delete=(document_id("a"),))
        library.commit(COLLECTION, change)
        assert texts(library) == {"Cid likes Dan"}

    def test_of_two_texts_of_one_document_the_last_counts(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a", "x"), graph("a", "y"))))
        assert texts(library) == {"y"}

    def test_fingerprints_can_be_had_of_some(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a", "x"), graph("b", "y"))))
        some = [document_id("b"), document_id("none"), document_id("b")]
        assert library.fingerprints(COLLECTION, some) == {
            document_id("b"): graph("b", "y").document.fingerprint
        }
        assert library.fingerprints(COLLECTION, []) == {}

    def test_an_empty_document_is_a_document(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a"),)))
        assert list(library.fingerprints(COLLECTION)) == [document_id("a")]

    def test_placements_without_their_passages_are_refused(self, library: Store) -> None:
        with pytest.raises(ValueError, match="do not match"):
            library.commit(COLLECTION, Change(put=(replace(graph("a", "x"), passages=()),)))

    def test_passages_that_stand_nowhere_are_refused(self, library: Store) -> None:
        with pytest.raises(ValueError, match="do not match"):
            library.commit(COLLECTION, Change(put=(replace(graph("a", "x"), placements=()),)))

    def test_placements_of_another_document_are_refused(self, library: Store) -> None:
        given = replace(graph("a", "x"), placements=graph("b", "x").placements)
        with pytest.raises(ValueError, match="another document"):
            library.commit(COLLECTION, Change(put=(given,)))

    def test_a_refused_change_leaves_nothing_behind(self, library: Store) -> None:
        bad = replace(graph("b", "y"), placements=())
        with pytest.raises(ValueError, match="'b'"):
            library.commit(COLLECTION, Change(put=(graph("a", "x"), bad)))
        assert library.collection(COLLECTION).revision == 0
        assert not library.fingerprints(COLLECTION)

    def test_the_caller_may_go_on_with_its_metadata(self, library: Store) -> None:
        metadata: dict[str, JSON] = {"tags": ["x"]}
        record = replace(document("a"), metadata=metadata)
        library.commit(COLLECTION, Change(put=(replace(graph("a"), document=record),)))
        metadata["tags"] = []
        assert library.document(COLLECTION, record.id).metadata == {"tags": ["x"]}

    def test_when_the_dump_is_made_does_not_matter_to_moments(self, library: Store) -> None:
        zone = timezone(timedelta(hours=2))
        hashes = []
        for moment in (datetime(1934, 5, 6, 9, tzinfo=zone), datetime(1934, 5, 6, 7, tzinfo=UTC)):
            record = replace(document("a"), observed_at=moment, fingerprint=str(moment))
            fixed = replace(record, fingerprint="same")
            library.commit(COLLECTION, removed("a"))
            library.commit(COLLECTION, Change(put=(replace(graph("a"), document=fixed),)))
            hashes.append(fingerprint_of(library))
        assert hashes[0] == hashes[1]
