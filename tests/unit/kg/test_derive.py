from kg import ids
from kg.derive import entity_of, passage_graph
from kg.records import Entity, Extraction, Fact, Mention, NamedEntity, Triple


def extraction(*, entities: str = "", triples: tuple[str, ...] = ()) -> Extraction:
    return Extraction(
        passage_id="psg-1",
        extractor="hand",
        entities=tuple(
            NamedEntity(name=name, type=type_)
            for name, _, type_ in (part.partition("/") for part in entities.split())
        ),
        triples=tuple(
            Triple(subject=parts[0], relation=parts[1], object=parts[2])
            for parts in (triple.split("|") for triple in triples)
        ),
    )


def mention(name: str, surface: str, type_: str = "") -> Mention:
    return Mention(
        passage_id="psg-1", entity_id=ids.entity_id("c", name), surface=surface, type=type_
    )


def test_nothing_follows_from_nothing() -> None:
    found = passage_graph("c", extraction())
    assert (found.mentions, found.names, found.facts) == ((), (), ())


def test_a_triple_mentions_its_subject_and_its_object() -> None:
    found = passage_graph("c", extraction(triples=("Ann|was born in|Oslo",)))
    assert set(found.mentions) == {mention("ann", "Ann"), mention("oslo", "Oslo")}
    assert found.facts == (
        Fact(
            id=ids.fact_id("c", "ann", "was born in", "oslo"),
            subject_id=ids.entity_id("c", "ann"),
            relation="was born in",
            object_id=ids.entity_id("c", "oslo"),
        ),
    )


def test_mentions_and_names_go_together_in_order_of_entity_id() -> None:
    found = passage_graph("c", extraction(entities="Ann Bob Cid Dan Eve"))
    made = [ids.entity_id("c", name) for name in found.names]
    assert [one.entity_id for one in found.mentions] == made == sorted(made)


def test_facts_are_in_order_of_id_and_each_is_there_once() -> None:
    found = passage_graph("c", extraction(triples=("Ann|Likes|Bob", "ANN|likes|bob!", "Bob|is|x")))
    made = [fact.id for fact in found.facts]
    assert made == sorted(set(made))
    assert len(made) == 2


def test_the_first_surface_and_the_first_type_count() -> None:
    found = passage_graph("c", extraction(entities="ANN Ann/PERSON ann/ORG", triples=("aNN|is|x",)))
    assert mention("ann", "ANN", "PERSON") in found.mentions
    assert len(found.mentions) == 2


def test_triples_with_an_empty_part_are_dropped_with_their_names() -> None:
    broken = ("|likes|Bob", "Ann||Bob", "Ann|likes|", "Ann|…|Bob", "!|likes|Bob")
    found = passage_graph("c", extraction(triples=broken))
    assert (found.mentions, found.facts) == ((), ())


def test_names_without_letters_are_dropped() -> None:
    assert passage_graph("c", extraction(entities="… -")).mentions == ()


def test_the_most_frequent_surface_and_type_win() -> None:
    mentions = [("b", "T"), ("b", "S"), ("a", "S")]
    assert entity_of("e", "n", mentions) == Entity(id="e", name="n", surface="b", type="S")


def test_the_least_wins_among_equals() -> None:
    mentions = [("b", "T"), ("B", "S"), ("é", "")]
    assert entity_of("e", "n", mentions) == Entity(id="e", name="n", surface="B", type="S")


def test_no_type_loses_to_any() -> None:
    mentions = [("a", ""), ("a", ""), ("a", "T")]
    assert entity_of("e", "n", mentions).type == "T"
