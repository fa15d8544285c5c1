"""A collection made of what another store had is the same one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from kg.dump import dump
from kg.errors import CollectionExists, CollectionNotFound, RevisionForgotten
from kg.holdings import holdings_of
from kg.memory import MemoryStore
from kg.store import Change, Changes
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Store,
    StoreFixtures,
    document_id,
    extraction,
    graph,
    link,
    passage_id,
    removed,
    unlinked,
    written,
)


def everything(store: Store) -> list[Any]:
    """All that a reader tells."""
    with store.read(COLLECTION) as reader:
        return [
            reader.collection,
            list(dump(reader)),
            list(reader.extractions()),
            list(reader.saved()),
            list(reader.unlinked()),
            reader.counts(),
        ]


def move(one: Store, other: Store) -> None:
    with one.read(COLLECTION) as reader:
        other.restore(holdings_of(reader))


class RestoringConformance(StoreFixtures):
    @pytest.fixture
    def lived(self, library: Store) -> Store:
        """A collection with a past: shared and repeated passages, lost synonyms, other
        extractions, a passage in quarantine."""
        library.commit(COLLECTION, written("a", "Ann likes Bob", "Cid likes Dan", "Ann likes Bob"))
        library.commit(COLLECTION, written("b", "Ann likes Bob", "Eve knows Fay"))
        library.commit(COLLECTION, written("c", "Gus likes Ann"))
        library.commit(COLLECTION, Change(put=(graph("empty"),)))
        failed = replace(extraction("Cid likes Dan"), failure="rubbish")
        library.commit(COLLECTION, Change(extractions=(failed,)))
        other = extraction("Eve knows Fay", "Eve likes Fay", by="other")
        library.commit(COLLECTION, Change(extractions=(other,)))
        library.save_extractions(COLLECTION, [extraction("Ann likes Bob", by="third")])
        library.save_extractions(COLLECTION, [extraction("not here yet", "Zoe likes Ann")])
        link(library, "ann bob", "ann gus", "bob ann", "eve fay")
        library.commit(COLLECTION, removed("c"))
        return library

    def test_saved_extractions_come_in_order(self, lived: Store) -> None:
        with lived.read(COLLECTION) as reader:
            found = [(one.passage_id, one.extractor) for one in reader.saved()]
        assert found == sorted(found)
        assert set(found) == {
            (passage_id("Ann likes Bob"), "third"),
            (passage_id("Eve knows Fay"), "hand"),
            (passage_id("not here yet"), "hand"),
        }

    def test_there_and_back_again_nothing_is_lost(self, lived: Store) -> None:
        before = everything(lived)
        assert unlinked(lived) == {"ann"}
        other = MemoryStore()
        move(lived, other)
        assert everything(other) == before
        lived.delete_collection(COLLECTION)
        move(other, lived)
        assert everything(lived) == before

    def test_a_copy_has_an_identity_of_its_own(self, lived: Store) -> None:
        before, other = lived.collection(COLLECTION).identity, MemoryStore()
        move(lived, other)
        lived.delete_collection(COLLECTION)
        move(other, lived)
        found = {store.collection(COLLECTION).identity for store in (lived, other)}
        assert len(found - {before, ""}) == 2

    def test_what_changed_before_is_forgotten(self, lived: Store) -> None:
        other = MemoryStore()
        move(lived, other)
        lived.delete_collection(COLLECTION)
        move(other, lived)
        revision = lived.collection(COLLECTION).revision
        with pytest.raises(RevisionForgotten, match=f"since revision {revision - 1}"):
            lived.changes_since(COLLECTION, revision - 1)
        assert lived.changes_since(COLLECTION, revision) == Changes(revision=revision)

    def test_the_next_change_is_of_the_next_revision(self, lived: Store) -> None:
        other = MemoryStore()
        move(lived, other)
        lived.delete_collection(COLLECTION)
        move(other, lived)
        revision = lived.collection(COLLECTION).revision
        assert lived.commit(COLLECTION, removed("b")) == revision + 1
        assert other.commit(COLLECTION, removed("b")) == revision + 1
        assert everything(lived) == everything(other)
        assert lived.changes_since(COLLECTION, revision).documents_deleted == {document_id("b")}

    def test_what_is_there_is_not_overwritten(self, lived: Store) -> None:
        other = MemoryStore()
        other.create_collection(COLLECTION, SETTINGS)
        before = everything(lived)
        with pytest.raises(CollectionExists, match=COLLECTION):
            move(other, lived)
        assert everything(lived) == before

    def test_what_breaks_off_leaves_nothing_behind(self, lived: Store) -> None:
        def breaks_off() -> Iterator[Change]:
            yield written("x", "Ann likes Bob")
            with pytest.raises(CollectionNotFound):
                other.collection(COLLECTION)
            raise OSError("the cable was pulled")

        with lived.read(COLLECTION) as reader:
            holdings = replace(holdings_of(reader), changes=breaks_off())
        other = MemoryStore()
        with pytest.raises(OSError, match="cable"):
            other.restore(holdings)
        lived.delete_collection(COLLECTION)
        with pytest.raises(OSError, match="cable"):
            lived.restore(replace(holdings, changes=breaks_off(), saved=(), synonyms=()))
        assert not lived.collections()
        made = lived.create_collection(COLLECTION, SETTINGS)
        with lived.read(COLLECTION) as reader:
            assert set(reader.counts().values()) == {0}
        assert made.revision == 0
