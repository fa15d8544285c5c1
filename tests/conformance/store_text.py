"""Text of every script comes back as it went in; what is no text is refused."""

from dataclasses import replace
from typing import Any

import pytest

from kg.errors import DocumentUnreadable, InputError
from kg.records import Extraction, NamedEntity, Passage, Triple
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    Store,
    StoreFixtures,
    document,
    document_id,
    extraction,
    graph,
    names,
    passage_id,
    texts,
)

SAMPLES = {
    "Chinese": "巴甫洛夫研究了狗的条件反射。",
    "Arabic": "درس بافلوف المنعكسات الشرطية.",
    "Hindi": "पावलोव ने कुत्तों का अध्ययन किया।",
    "emoji": "Memory 🧠👩‍🔬 and dogs 🐕‍🦺",
    "combining marks": "Zoe\u0308 and Zoë",
    "beyond the first plane": "𠀀𐍈",
    "controls": "tab\tfeed\fnul\x00end\u2028line",
    "quotes": 'it\'s "quoted"; DROP TABLE documents; --',
}
HALF = "half \ud83d of a pair"


class TextConformance(StoreFixtures):
    @pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
    def test_text_comes_back_as_it_was(self, library: Store, text: str) -> None:
        given = graph(text, text)
        library.commit(COLLECTION, Change(put=(given,)))
        assert library.document(COLLECTION, document_id(text)) == given.document
        assert texts(library) == {text}

    @pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
    def test_metadata_come_back_as_they_were(self, library: Store, text: str) -> None:
        record = document("a", "", {text: [text, {"deep": text}]})
        library.commit(COLLECTION, Change(put=(replace(graph("a"), document=record),)))
        assert library.document(COLLECTION, record.id).metadata == record.metadata

    @pytest.mark.parametrize("text", SAMPLES.values(), ids=SAMPLES)
    def test_extractions_and_tasks_come_back_as_they_were(self, library: Store, text: str) -> None:
        found = Extraction(
            passage_id=passage_id(text),
            extractor=text,
            entities=(NamedEntity(name=text, type=text),),
            triples=(Triple(subject=text, relation=text, object=text),),
            raw=text,
        )
        library.save_extractions(COLLECTION, [found])
        asked = library.saved_extractions(COLLECTION, text, [passage_id(text)])
        assert asked == {passage_id(text): found}
        library.enqueue(COLLECTION, [document(text, text)])
        (task,) = library.lease(worker=text, limit=1, seconds=60)
        assert task.document == document(text, text)

    def test_names_that_differ_in_a_combining_mark_only_in_form_are_one(
        self, library: Store
    ) -> None:
        given = graph("a", "x")
        found = extraction("x", names="Zoe\u0308 ZOË")
        library.commit(COLLECTION, Change(put=(given,), extractions=(found,)))
        assert names(library) == {"zoë"}

    @pytest.mark.parametrize("place", ["title", "text", "source", "metadata"])
    def test_a_document_with_half_a_pair_is_refused_by_name(
        self, library: Store, place: str
    ) -> None:
        value: Any = {"key": HALF} if place == "metadata" else HALF
        given: dict[str, Any] = {place: value}
        record = replace(document("a"), **given)
        bad = replace(graph("a"), document=record)
        with pytest.raises(DocumentUnreadable, match="surrogate"):
            library.commit(COLLECTION, Change(put=(graph("b", "x"), bad)))
        with pytest.raises(DocumentUnreadable, match="surrogate"):
            library.enqueue(COLLECTION, [record])
        assert library.collection(COLLECTION).revision == 0
        assert not library.jobs()

    def test_a_passage_with_half_a_pair_is_refused(self, library: Store) -> None:
        bad = replace(
            graph("a", "x"),
            passages=(Passage(id=passage_id("x"), title=HALF, heading="", text="x"),),
        )
        with pytest.raises(DocumentUnreadable, match="'a'"):
            library.commit(COLLECTION, Change(put=(bad,)))

    @pytest.mark.parametrize("place", ["raw", "failure", "entities"])
    def test_an_extraction_with_half_a_pair_is_refused(self, library: Store, place: str) -> None:
        value: Any = (NamedEntity(name=HALF),) if place == "entities" else HALF
        given: dict[str, Any] = {place: value}
        bad = replace(extraction("x"), **given)
        with pytest.raises(InputError, match=passage_id("x")):
            library.save_extractions(COLLECTION, [bad])
        with pytest.raises(InputError, match=passage_id("x")):
            library.commit(COLLECTION, Change(put=(graph("a", "x"),), extractions=(bad,)))
        assert not library.fingerprints(COLLECTION)

    def test_a_reason_with_half_a_pair_is_noted_with_a_question_mark(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        library.fail(task.id, HALF, worker="w", retry=False)
        assert library.tasks(job.id)[0].error == "half ? of a pair"
