"""What is derived: entities, facts, mentions and supports live as long as a passage backs them."""

from dataclasses import replace

from kg import ids
from kg.records import Entity, Extraction, Fact, Mention, NamedEntity, Support, Triple
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    Store,
    StoreFixtures,
    counts,
    document_id,
    entity_id,
    extraction,
    facts,
    graph,
    names,
    passage_id,
    removed,
    written,
)


class GraphConformance(StoreFixtures):
    def entity(self, store: Store, name: str) -> Entity:
        with store.read(COLLECTION) as reader:
            (found,) = (entity for entity in reader.entities() if entity.name == name)
        return found

    def test_a_triple_makes_a_fact_two_entities_and_what_backs_them(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        ann, bob, passage = entity_id("ann"), entity_id("bob"), passage_id("Ann likes Bob")
        fact = Fact(
            id=ids.fact_id(COLLECTION, "ann", "likes", "bob"),
            subject_id=ann,
            relation="likes",
            object_id=bob,
        )
        with library.read(COLLECTION) as reader:
            assert list(reader.facts()) == [fact]
            assert {(one.id, one.surface) for one in reader.entities()} == {
                (ann, "Ann"),
                (bob, "Bob"),
            }
            assert {one.entity_id for one in reader.mentions()} == {ann, bob}
            assert list(reader.supports()) == [Support(passage_id=passage, fact_id=fact.id)]

    def test_named_entities_are_mentioned_with_their_types(self, library: Store) -> None:
        found = extraction("x", names="Ann/PERSON")
        library.commit(COLLECTION, Change(put=(graph("a", "x"),), extractions=(found,)))
        with library.read(COLLECTION) as reader:
            assert list(reader.mentions()) == [
                Mention(
                    passage_id=passage_id("x"),
                    entity_id=entity_id("ann"),
                    surface="Ann",
                    type="PERSON",
                )
            ]

    def test_two_spellings_of_one_name_are_one_entity(self, library: Store) -> None:
        found = Extraction(
            passage_id=passage_id("x"),
            extractor="hand",
            entities=(NamedEntity(name="“Straße”"), NamedEntity(name="STRASSE")),
        )
        library.commit(COLLECTION, Change(put=(graph("a", "x"),), extractions=(found,)))
        assert names(library) == {"strasse"}
        assert self.entity(library, "strasse").surface == "“Straße”"

    def test_the_surface_and_type_of_most_passages_win(self, library: Store) -> None:
        given = {"1": "ANN/ORG", "2": "Ann/PERSON", "3": "Ann/PERSON"}
        found = tuple(extraction(text, names=named) for text, named in given.items())
        library.commit(COLLECTION, Change(put=(graph("a", *given),), extractions=found))
        ann = self.entity(library, "ann")
        assert (ann.surface, ann.type) == ("Ann", "PERSON")

    def test_among_equals_the_least_surface_and_type_win(self, library: Store) -> None:
        given = {"1": "ann/PERSON", "2": "Ann/ORG", "3": "ann/ORG", "4": "Ann/PERSON"}
        found = tuple(extraction(text, names=named) for text, named in given.items())
        library.commit(COLLECTION, Change(put=(graph("a", *given),), extractions=found))
        ann = self.entity(library, "ann")
        assert (ann.surface, ann.type) == ("Ann", "ORG")

    def test_a_type_that_few_give_beats_none(self, library: Store) -> None:
        given = {"1": "Ann", "2": "Ann", "3": "Ann/PERSON"}
        found = tuple(extraction(text, names=named) for text, named in given.items())
        library.commit(COLLECTION, Change(put=(graph("a", *given),), extractions=found))
        assert self.entity(library, "ann").type == "PERSON"

    def test_the_surface_changes_when_the_passages_that_gave_it_go(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "ANN likes Bob", "ANN knows Bob"))
        library.commit(COLLECTION, written("b", "Ann likes Bob"))
        assert self.entity(library, "ann").surface == "ANN"
        library.commit(COLLECTION, removed("a"))
        assert self.entity(library, "ann").surface == "Ann"

    def test_a_fact_lives_as_long_as_one_passage_states_it(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.commit(COLLECTION, written("b", "ANN likes Bob"))
        library.commit(COLLECTION, removed("a"))
        assert facts(library) == {"ann likes bob"}
        library.commit(COLLECTION, removed("b"))
        assert counts(library, "facts", "entities", "mentions", "supports") == (0, 0, 0, 0)

    def test_an_entity_outlives_its_fact_if_another_passage_names_it(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.commit(COLLECTION, written("b", "Bob likes Cid"))
        library.commit(COLLECTION, removed("a"))
        assert names(library) == {"bob", "cid"}
        assert facts(library) == {"bob likes cid"}

    def test_another_extraction_takes_the_place_of_the_first(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        other = extraction("Ann likes Bob", "Ann knows Cid", by="other")
        assert library.commit(COLLECTION, Change(extractions=(other,))) == 2
        assert facts(library) == {"ann knows cid"}
        with library.read(COLLECTION) as reader:
            assert list(reader.extractions()) == [other]

    def test_of_two_extractions_of_one_passage_the_last_counts(self, library: Store) -> None:
        change = written("a", "Ann likes Bob")
        second = extraction("Ann likes Bob", "Ann knows Cid")
        library.commit(COLLECTION, replace(change, extractions=(*change.extractions, second)))
        assert facts(library) == {"ann knows cid"}

    def test_the_order_of_a_changes_parts_does_not_matter(self, library: Store) -> None:
        """An extraction may be of a passage that only the same change puts, or takes away."""
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        change = replace(
            written("b", "Cid likes Dan"),
            delete=(document_id("a"),),
            extractions=(
                extraction("Ann likes Bob", "Ann knows Eve"),
                extraction("Cid likes Dan", "Cid likes Dan"),
            ),
        )
        library.commit(COLLECTION, change)
        assert facts(library) == {"cid likes dan"}

    def test_incomplete_triples_make_no_fact(self, library: Store) -> None:
        found = Extraction(
            passage_id=passage_id("x"),
            extractor="hand",
            triples=(
                Triple(subject="Ann", relation="…", object="Bob"),
                Triple(subject="", relation="likes", object="Bob"),
            ),
        )
        library.commit(COLLECTION, Change(put=(graph("a", "x"),), extractions=(found,)))
        assert counts(library, "facts", "entities") == (0, 0)

    def test_an_entity_may_relate_to_itself(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Ann"))
        assert facts(library) == {"ann likes ann"}
        assert counts(library, "entities", "mentions") == (1, 1)

    def test_a_failed_extraction_is_in_quarantine(self, library: Store) -> None:
        failed = replace(extraction("x"), failure="The model answered with rubbish.")
        library.commit(COLLECTION, Change(put=(graph("a", "x"),), extractions=(failed,)))
        assert counts(library, "quarantined") == (1,)
        library.commit(COLLECTION, Change(extractions=(extraction("x", names="Ann"),)))
        assert counts(library, "quarantined", "entities") == (0, 1)
