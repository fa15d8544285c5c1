"""Synonyms: set for whole lists of sources, dead with either end."""

import pytest

from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    Store,
    StoreFixtures,
    document_id,
    entity_id,
    extraction,
    link,
    links,
    removed,
    synonym,
    unlinked,
    written,
)


class SynonymsConformance(StoreFixtures):
    @pytest.fixture
    def linked(self, library: Store) -> Store:
        """Three documents: ann, bob; cid, dan; eve, fay. Ann's synonyms are bob and cid."""
        for source, text in (
            ("a", "Ann likes Bob"),
            ("c", "Cid likes Dan"),
            ("e", "Eve likes Fay"),
        ):
            library.commit(COLLECTION, written(source, text))
        link(library, "ann bob", "ann cid", "cid ann")
        return library

    def test_new_entities_are_unlinked(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        assert unlinked(library) == {"ann", "bob"}
        link(library)
        library.commit(COLLECTION, written("b", "Bob likes Cid"))
        assert unlinked(library) == {"cid"}

    def test_a_source_is_linked_even_without_any_synonym(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.replace_synonyms(COLLECTION, [entity_id("ann")], [])
        assert unlinked(library) == {"bob"}

    def test_synonyms_come_back_in_order_with_their_scores(self, linked: Store) -> None:
        with linked.read(COLLECTION) as reader:
            found = list(reader.synonyms())
            assert reader.counts()["synonyms"] == 3
        expected = [synonym("ann", "bob"), synonym("ann", "cid"), synonym("cid", "ann")]
        assert found == sorted(expected, key=lambda one: (one.source_id, one.target_id))

    def test_linking_does_not_change_the_revision(self, linked: Store) -> None:
        assert linked.collection(COLLECTION).revision == 3

    def test_a_sources_list_is_replaced_as_a_whole(self, linked: Store) -> None:
        linked.replace_synonyms(COLLECTION, [entity_id("ann")], [synonym("ann", "dan")])
        assert links(linked) == {"ann dan", "cid ann"}

    def test_ids_that_are_not_in_the_graph_are_ignored(self, linked: Store) -> None:
        linked.replace_synonyms(COLLECTION, ["ent-none"], [])
        sources = [entity_id("zoe"), entity_id("eve")]
        given = [synonym("zoe", "ann"), synonym("eve", "ann")]
        linked.replace_synonyms(COLLECTION, sources, given)
        assert links(linked) == {"ann bob", "ann cid", "cid ann", "eve ann"}

    def test_a_source_that_names_a_missing_target_stays_unlinked(self, linked: Store) -> None:
        given = [synonym("ann", "bob"), synonym("ann", "zoe")]
        linked.replace_synonyms(COLLECTION, [entity_id("ann")], given)
        assert links(linked) == {"ann bob", "cid ann"}
        assert unlinked(linked) == {"ann"}

    def test_a_synonym_of_no_named_source_is_refused(self, linked: Store) -> None:
        with pytest.raises(ValueError, match=entity_id("ann")):
            linked.replace_synonyms(COLLECTION, [entity_id("bob")], [synonym("ann", "bob")])

    def test_synonyms_die_with_their_target_and_unlink_their_source(self, linked: Store) -> None:
        linked.commit(COLLECTION, removed("c"))
        assert links(linked) == {"ann bob"}
        assert unlinked(linked) == {"ann"}

    def test_synonyms_die_with_their_source(self, linked: Store) -> None:
        linked.commit(COLLECTION, removed("a"))
        assert links(linked) == set()
        assert unlinked(linked) == {"cid"}

    def test_an_entity_that_comes_back_is_unlinked(self, linked: Store) -> None:
        linked.commit(COLLECTION, removed("e"))
        linked.commit(COLLECTION, written("e", "Eve likes Fay"))
        assert unlinked(linked) == {"eve", "fay"}

    def test_an_entity_that_changes_its_passage_keeps_its_synonyms(self, linked: Store) -> None:
        change = Change(
            put=written("b", "Ann knows Bob").put,
            extractions=(extraction("Ann knows Bob", "Ann knows Bob"),),
            delete=(document_id("a"),),
        )
        linked.commit(COLLECTION, change)
        assert links(linked) == {"ann bob", "ann cid", "cid ann"}
        assert unlinked(linked) == set()

    def test_another_extraction_kills_synonyms_too(self, linked: Store) -> None:
        other = extraction("Cid likes Dan", "Gus likes Dan")
        linked.commit(COLLECTION, Change(extractions=(other,)))
        assert links(linked) == {"ann bob"}
        assert unlinked(linked) == {"ann", "gus"}

    def test_forgetting_removes_all_and_unlinks_everybody(self, linked: Store) -> None:
        linked.forget_synonyms(COLLECTION)
        assert links(linked) == set()
        assert unlinked(linked) == {"ann", "bob", "cid", "dan", "eve", "fay"}
        assert linked.collection(COLLECTION).revision == 3
