"""What is handed in is queued if, and only if, it makes a difference."""

from dataclasses import replace
from pathlib import Path

import pytest

from indexer.intake.submission import Submission
from kg import ids
from kg.errors import CollectionNotFound
from kg.jobs import TaskState
from kg.records import Passage
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

MILNER = note("milner", "Milner studied Molaison.")
SCOVILLE = note("scoville", "Scoville operated on Molaison.")


def test_new_documents_are_queued_as_one_job(shop: Workshop) -> None:
    found = shop.pipeline.submit(COLLECTION, iter([MILNER, SCOVILLE]))
    assert found.job is not None
    assert (found.submitted, found.unchanged, found.superseded) == (2, 0, ())
    assert shop.queue.job(found.job.id).counts == {TaskState.QUEUED: 2}


def test_nothing_makes_no_job(shop: Workshop) -> None:
    assert shop.pipeline.submit(COLLECTION, []) == Submission(job=None)


def test_a_document_that_did_not_change_is_left_alone(shop: Workshop) -> None:
    shop.ingest(MILNER)
    again = shop.pipeline.submit(COLLECTION, [MILNER])
    assert again == Submission(job=None, unchanged=1)


def test_a_document_that_changed_is_queued(shop: Workshop) -> None:
    shop.ingest(MILNER, SCOVILLE)
    found = shop.pipeline.submit(COLLECTION, [replace(MILNER, text="Milner met H.M."), SCOVILLE])
    assert (found.submitted, found.unchanged) == (1, 1)


def test_a_document_that_waits_already_is_not_queued_again(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, [MILNER])
    assert shop.pipeline.submit(COLLECTION, [MILNER]) == Submission(job=None, under_way=1)
    assert shop.queue.waiting() == 1


def test_taking_back_a_change_that_still_waits_restores_the_document(shop: Workshop) -> None:
    shop.ingest(MILNER)
    shop.pipeline.submit(COLLECTION, [replace(MILNER, text="A slip.")])
    shop.ingest(MILNER)
    assert shop.texts() == [MILNER.text]


def test_of_one_source_handed_in_twice_the_last_wins_and_is_reported(shop: Workshop) -> None:
    newer = replace(MILNER, text="Milner met H.M.")
    found = shop.pipeline.submit(COLLECTION, [MILNER, SCOVILLE, newer])
    shop.pipeline.process(shop.lease())
    assert (found.submitted, found.superseded) == (2, ("milner",))
    assert shop.texts() == sorted([newer.text, SCOVILLE.text])


def test_the_last_version_wins_even_if_it_is_the_one_in_the_graph(shop: Workshop) -> None:
    shop.ingest(MILNER)
    found = shop.pipeline.submit(COLLECTION, [replace(MILNER, text="A slip."), MILNER])
    assert found == Submission(job=None, unchanged=1, superseded=("milner",))


def test_a_document_with_a_quarantined_passage_is_tried_again(shop: Workshop) -> None:
    def refuse_milner(passage: Passage) -> str:
        return "no JSON" if "Milner" in passage.text else ""

    shop.extractor = ScriptedExtractor(refuse_milner)
    shop.ingest(MILNER, SCOVILLE)
    assert shop.counts()["quarantined"] == 1
    shop.extractor = ScriptedExtractor()
    found = shop.pipeline.submit(COLLECTION, [MILNER, SCOVILLE])
    shop.pipeline.process(shop.lease())
    assert (found.submitted, found.unchanged) == (1, 1)
    assert shop.extractor.calls == [MILNER.text]
    assert shop.counts()["quarantined"] == 0


def test_half_a_surrogate_pair_in_one_source_does_not_cost_the_others(shop: Workshop) -> None:
    shop.ingest(MILNER, note("half \ud83d of a pair", "Hebb wrote."))
    assert shop.sources() == ["half ? of a pair", "milner"]


def test_an_unknown_collection_is_an_error(shop: Workshop) -> None:
    with pytest.raises(CollectionNotFound):
        shop.pipeline.submit("none", [MILNER])


def test_deleting_takes_out_what_is_there_and_says_how_many(shop: Workshop) -> None:
    shop.ingest(MILNER, SCOVILLE)
    ids = list(shop.store.fingerprints(COLLECTION))
    assert shop.pipeline.delete(COLLECTION, [ids[0], "doc-unknown"]) == 1
    assert list(shop.store.fingerprints(COLLECTION)) == [ids[1]]


def test_deleting_nothing_leaves_the_revision(shop: Workshop) -> None:
    shop.ingest(MILNER)
    before = shop.store.collection(COLLECTION).revision
    assert shop.pipeline.delete(COLLECTION, ["doc-unknown"]) == 0
    assert shop.store.collection(COLLECTION).revision == before


def test_a_deleted_document_does_not_come_back_out_of_the_queue(shop: Workshop) -> None:
    shop.ingest(MILNER)
    shop.pipeline.submit(COLLECTION, [replace(MILNER, text="Milner met H.M.")])
    shop.pipeline.delete(COLLECTION, list(shop.store.fingerprints(COLLECTION)))
    shop.pipeline.process(shop.lease())
    assert shop.sources() == []


def test_a_document_deleted_while_it_is_extracted_does_not_come_in(shop: Workshop) -> None:
    found = ids.document_id(COLLECTION, "milner")

    def delete_it(_: Passage) -> str:
        shop.pipeline.delete(COLLECTION, [found])
        return ""

    shop.extractor = ScriptedExtractor(delete_it)
    shop.ingest(MILNER)
    assert shop.sources() == []
    shop.extractor = ScriptedExtractor()
    shop.ingest(MILNER)
    assert shop.sources() == ["milner"]


def test_reindexing_with_another_extractor_queues_every_document(shop: Workshop) -> None:
    shop.ingest(MILNER, SCOVILLE)
    shop.extractor = ScriptedExtractor(fingerprint="other")
    found = shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other"))
    shop.pipeline.process(shop.lease())
    shop.pipeline.publish(COLLECTION)
    assert found.submitted == 2
    with shop.store.read(COLLECTION) as reader:
        assert {extraction.extractor for extraction in reader.extractions()} == {"other"}


def test_reindexing_as_it_is_queues_what_an_older_extractor_did(shop: Workshop) -> None:
    shop.ingest(MILNER)
    shop.extractor = ScriptedExtractor(fingerprint="scripted 2")
    shop.ingest(SCOVILLE)
    found = shop.pipeline.reindex(COLLECTION, SETTINGS)
    shop.pipeline.process(shop.lease())
    shop.pipeline.publish(COLLECTION)
    assert (found.submitted, found.unchanged) == (1, 1)
    with shop.store.read(COLLECTION) as reader:
        assert {extraction.extractor for extraction in reader.extractions()} == {"scripted 2"}
    assert shop.pipeline.reindex(COLLECTION, SETTINGS).job is None


def test_reindexed_equals_indexed_so_from_the_start(shop: Workshop, tmp_path: Path) -> None:
    other = replace(SETTINGS, max_tokens=8)
    shop.ingest(MILNER, SCOVILLE)
    shop.pipeline.reindex(COLLECTION, other)
    shop.pipeline.process(shop.lease())
    shop.pipeline.publish(COLLECTION)
    fresh = Workshop(folder=tmp_path / "fresh")
    fresh.store.update_settings(COLLECTION, other)
    fresh.ingest(MILNER, SCOVILLE)
    fresh.pipeline.publish(COLLECTION)
    assert shop.dump() == fresh.dump()


def test_a_document_that_waits_while_settings_change_is_indexed_with_the_new_ones(
    shop: Workshop,
) -> None:
    shop.pipeline.submit(COLLECTION, [MILNER])
    shop.pipeline.reindex(COLLECTION, replace(SETTINGS, max_tokens=8))
    shop.pipeline.process(shop.lease())
    assert shop.pipeline.submit(COLLECTION, [MILNER]).unchanged == 1


def test_another_embedder_alone_queues_nothing_and_forgets_synonyms(shop: Workshop) -> None:
    shop.ingest(MILNER)
    shop.pipeline.publish(COLLECTION)
    found = shop.pipeline.reindex(COLLECTION, replace(SETTINGS, embedder="hash-32"))
    assert found == Submission(job=None, unchanged=1)
    with shop.store.read(COLLECTION) as reader:
        assert len(reader.unlinked()) == reader.counts()["entities"] == 2
