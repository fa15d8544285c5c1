"""Collections: made, changed, removed; and one does not know another."""

from dataclasses import replace

import pytest

from kg.errors import CollectionExists, CollectionNotFound, NameInvalid
from kg.queue import JobQueue
from kg.records import Collection, CollectionSettings
from kg.store import Change, GraphStore
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Store,
    StoreFixtures,
    document,
    graph,
    written,
)


class CollectionsConformance(StoreFixtures):
    def test_it_is_a_graph_store_and_a_queue(self, store: Store) -> None:
        graphs: GraphStore = store
        queue: JobQueue = store
        assert {type(graphs), type(queue)} == {type(store)}

    def test_a_new_collection_is_empty_and_at_revision_0(self, store: Store) -> None:
        made = store.create_collection("new", SETTINGS)
        assert made == store.collection("new") == Collection(name="new", settings=SETTINGS)
        with store.read("new") as reader:
            assert reader.collection == made
            assert set(reader.counts().values()) == {0}

    @pytest.mark.parametrize("name", ["a", "Neuro science_2.1-b", "библиотека", "图书馆", "_x"])
    def test_letters_of_every_script_make_a_name(self, store: Store, name: str) -> None:
        store.create_collection(name, SETTINGS)
        assert store.collection(name).name == name

    @pytest.mark.parametrize("name", ["", " a", "a ", "../etc", "a/b", "x" * 101, "a\nb", "-a"])
    def test_a_name_that_could_do_harm_is_refused(self, store: Store, name: str) -> None:
        with pytest.raises(NameInvalid, match="letters, digits"):
            store.create_collection(name, SETTINGS)

    def test_a_name_is_given_once(self, library: Store) -> None:
        with pytest.raises(CollectionExists, match=COLLECTION):
            library.create_collection(COLLECTION, SETTINGS)

    def test_collections_are_in_order_of_name(self, store: Store) -> None:
        for name in ("b", "図", "a", "B", "é"):
            store.create_collection(name, SETTINGS)
        assert [found.name for found in store.collections()] == ["B", "a", "b", "é", "図"]

    def test_settings_change_with_the_revision(self, library: Store) -> None:
        settings = CollectionSettings(extractor="other", max_tokens=0, overlap_tokens=3)
        after = library.update_settings(COLLECTION, settings)
        assert after == Collection(name=COLLECTION, revision=1, settings=settings)
        assert library.collection(COLLECTION) == after

    def test_the_same_settings_change_nothing(self, library: Store) -> None:
        assert library.update_settings(COLLECTION, replace(SETTINGS)).revision == 0

    def test_settings_change_only_instead_of_those_that_were_seen(self, library: Store) -> None:
        one, two = (replace(SETTINGS, extractor=name) for name in ("one", "two"))
        assert library.update_settings(COLLECTION, one, instead_of=SETTINGS).settings == one
        assert library.update_settings(COLLECTION, two, instead_of=SETTINGS).settings == one
        assert library.collection(COLLECTION) == Collection(
            name=COLLECTION, revision=1, settings=one
        )

    def test_what_is_indexed_stays_when_settings_change(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.update_settings(COLLECTION, CollectionSettings(extractor="other"))
        with library.read(COLLECTION) as reader:
            assert reader.counts()["facts"] == 1

    def test_a_deleted_collection_is_gone_with_its_jobs(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.enqueue(COLLECTION, [document("b")])
        library.delete_collection(COLLECTION)
        assert not library.collections()
        assert not library.jobs()
        assert library.waiting() == 0

    def test_a_collection_made_again_is_empty(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.save_extractions(COLLECTION, written("b", "Cid likes Dan").extractions)
        library.delete_collection(COLLECTION)
        library.create_collection(COLLECTION, SETTINGS)
        found = written("b", "Cid likes Dan").extractions[0]
        assert library.collection(COLLECTION).revision == 0
        assert not library.fingerprints(COLLECTION)
        assert not library.saved_extractions(COLLECTION, "hand", [found.passage_id])

    def test_a_collection_has_an_identity_as_long_as_it_lives(self, store: Store) -> None:
        made = store.create_collection("new", SETTINGS)
        changed = store.update_settings("new", replace(SETTINGS, extractor="other"))
        with store.read("new") as whole, store.peek("new") as live:
            seen = [changed, whole.collection, live.collection, *store.collections()]
        assert {one.identity for one in seen} == {made.identity} != {""}
        store.delete_collection("new")
        assert store.create_collection("new", SETTINGS).identity not in {made.identity, ""}

    def test_two_collections_hold_the_same_ids_apart(self, library: Store) -> None:
        library.create_collection("other", SETTINGS)
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.commit("other", written("a", "Ann likes Bob"))
        library.delete_collection("other")
        with library.read(COLLECTION) as reader:
            assert reader.counts()["facts"] == 1

    def test_every_method_tells_that_a_collection_is_missing(self, store: Store) -> None:
        calls = (
            lambda: store.collection("none"),
            lambda: store.update_settings("none", SETTINGS),
            lambda: store.delete_collection("none"),
            lambda: store.commit("none", Change(put=(graph("a"),))),
            lambda: store.fingerprints("none"),
            lambda: store.document("none", "doc-1"),
            lambda: store.save_extractions("none", []),
            lambda: store.saved_extractions("none", "hand", []),
            lambda: store.prune_extractions("none"),
            lambda: store.replace_synonyms("none", [], []),
            lambda: store.forget_synonyms("none"),
            lambda: store.changes_since("none", 0),
            lambda: store.read("none").__enter__(),
            lambda: store.peek("none").__enter__(),
            lambda: store.enqueue("none", []),
            lambda: store.withdraw("none", []),
        )
        for call in calls:
            with pytest.raises(CollectionNotFound, match="no collection 'none'"):
                call()
