"""What changed since a revision, net."""

import pytest

from kg.changelog import REVISIONS_KEPT
from kg.errors import RevisionForgotten
from kg.store import Change, Changes
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Store,
    StoreFixtures,
    document_id,
    extraction,
    graph,
    passage_id,
    removed,
    written,
)


def ids_of(*sources: str) -> frozenset[str]:
    return frozenset(map(document_id, sources))


def passages(*texts: str) -> frozenset[str]:
    return frozenset(map(passage_id, texts))


class ChangesConformance(StoreFixtures):
    def test_what_came_was_put(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y"))
        library.commit(COLLECTION, written("b", "y is z"))
        assert library.changes_since(COLLECTION, 1) == Changes(
            revision=2, documents_put=ids_of("b"), passages_put=passages("y is z")
        )
        assert library.changes_since(COLLECTION, 0) == Changes(
            revision=2,
            documents_put=ids_of("a", "b"),
            passages_put=passages("x is y", "y is z"),
        )

    def test_nothing_changed_since_the_present_revision(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y"))
        assert library.changes_since(COLLECTION, 1) == Changes(revision=1)

    def test_what_went_was_deleted(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y"))
        library.commit(COLLECTION, removed("a"))
        assert library.changes_since(COLLECTION, 1) == Changes(
            revision=2, documents_deleted=ids_of("a"), passages_deleted=passages("x is y")
        )

    def test_what_came_and_went_again_is_in_neither(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y"))
        library.commit(COLLECTION, removed("a"))
        assert library.changes_since(COLLECTION, 0) == Changes(revision=2)

    def test_what_went_and_came_back_was_put(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y"))
        library.commit(COLLECTION, removed("a"))
        library.commit(COLLECTION, written("a", "x is y"))
        assert library.changes_since(COLLECTION, 1) == Changes(
            revision=3, documents_put=ids_of("a"), passages_put=passages("x is y")
        )

    def test_what_changed_and_went_was_deleted(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y"))
        library.commit(COLLECTION, Change(extractions=(extraction("x is y", "a is b"),)))
        library.commit(COLLECTION, removed("a"))
        assert library.changes_since(COLLECTION, 1).passages_deleted == passages("x is y")

    def test_of_a_replaced_document_only_what_differs_changed(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y", "y is z"))
        library.commit(COLLECTION, written("a", "y is z", "z is x"))
        assert library.changes_since(COLLECTION, 1) == Changes(
            revision=2,
            documents_put=ids_of("a"),
            passages_put=passages("z is x"),
            passages_deleted=passages("x is y"),
        )

    def test_a_passage_whose_extraction_changed_was_put(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y"))
        library.commit(COLLECTION, Change(extractions=(extraction("x is y", "a is b"),)))
        assert library.changes_since(COLLECTION, 1) == Changes(
            revision=2, passages_put=passages("x is y")
        )

    def test_a_shared_passage_did_not_change_when_one_document_went(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "x is y"))
        library.commit(COLLECTION, written("b", "x is y"))
        library.commit(COLLECTION, removed("a"))
        assert library.changes_since(COLLECTION, 1) == Changes(
            revision=3, documents_put=ids_of("b"), documents_deleted=ids_of("a")
        )

    def test_a_revision_that_never_was_is_refused(self, library: Store) -> None:
        library.create_collection("other", SETTINGS)
        library.commit("other", Change(put=(graph("a"),)))
        for revision in (1, -1):
            with pytest.raises(RevisionForgotten, match=f"revision {revision}"):
                library.changes_since(COLLECTION, revision)

    def test_old_changes_are_forgotten(self, library: Store) -> None:
        for number in range(REVISIONS_KEPT + 1):
            library.commit(COLLECTION, Change(put=(graph(str(number)),)))
        with pytest.raises(RevisionForgotten, match="Read the whole graph"):
            library.changes_since(COLLECTION, 0)
        kept = library.changes_since(COLLECTION, 1)
        assert len(kept.documents_put) == REVISIONS_KEPT
