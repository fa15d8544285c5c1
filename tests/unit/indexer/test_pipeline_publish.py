"""A snapshot is published when, and only when, the graph, the embedder or how texts are read
changed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.progress import StepProgress
from indexer.snapshot.rules import rules
from kg.errors import CollectionNotFound
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

A = note("a", "Milner studied Molaison.")
B = note("b", "Scoville operated on Molaison.")


def test_the_published_snapshot_holds_the_present_revision(shop: Workshop) -> None:
    shop.ingest(A, B)
    name = shop.pipeline.publish(COLLECTION)
    assert name == shop.snapshots().current()
    found = shop.snapshot()
    assert (found.revision, found.embedder) == (1, "hash-64")
    assert sorted(found.passages.text) == sorted([A.text, B.text])


def test_an_empty_collection_publishes_an_empty_snapshot(shop: Workshop) -> None:
    assert shop.pipeline.publish(COLLECTION) is not None
    assert len(shop.snapshot().passages.id) == 0


def test_what_is_published_is_not_built_again(shop: Workshop) -> None:
    shop.ingest(A)
    shop.pipeline.publish(COLLECTION)
    steps: list[StepProgress] = []
    assert shop.pipeline.publish(COLLECTION, steps.append) is None
    assert steps == []


def test_a_change_makes_the_snapshot_stale_until_the_next_is_published(shop: Workshop) -> None:
    publisher = shop.pipeline.publisher
    shop.pipeline.publish(COLLECTION)
    shop.ingest(A)
    assert publisher.stale(shop.store.collection(COLLECTION))
    shop.pipeline.publish(COLLECTION)
    assert not publisher.stale(shop.store.collection(COLLECTION))


def test_what_is_damaged_is_not_handed_down_to_the_next_snapshot(
    shop: Workshop, tmp_path: Path
) -> None:
    shop.ingest(A)
    damaged = shop.pipeline.publish(COLLECTION)
    assert damaged is not None
    file = shop.snapshots().path / damaged / "passages.vectors.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    shop.ingest(B)
    shop.pipeline.publish(COLLECTION)
    once = Workshop(folder=tmp_path / "once")
    once.ingest(A, B)
    once.pipeline.publish(COLLECTION)
    np.testing.assert_array_equal(
        shop.snapshot().passages.vectors, once.snapshot().passages.vectors
    )


def test_a_damaged_snapshot_is_built_again(shop: Workshop) -> None:
    shop.ingest(A)
    damaged = shop.pipeline.publish(COLLECTION)
    assert damaged is not None
    file = shop.snapshots().path / damaged / "passages.text.data.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert shop.pipeline.publish(COLLECTION) not in (None, damaged)
    assert list(shop.snapshot().passages.text) == [A.text]


def test_another_embedder_has_its_snapshot_beside_the_old_one(shop: Workshop) -> None:
    shop.ingest(A)
    shop.pipeline.publish(COLLECTION)
    shop.pipeline.reindex(COLLECTION, replace(SETTINGS, embedder="hash-32"))
    shop.pipeline.publish(COLLECTION)
    assert shop.snapshot("hash-32").passages.vectors.shape == (1, 32)
    assert shop.snapshot("hash-64").passages.vectors.shape == (1, 64)


def test_of_those_who_publish_at_once_one_does_the_work(shop: Workshop) -> None:
    shop.ingest(A, B)
    with ThreadPoolExecutor(4) as pool:
        names = list(pool.map(lambda _: shop.pipeline.publish(COLLECTION), range(4)))
    assert len([name for name in names if name]) == 1
    assert len(shop.snapshots().names()) == 1


def test_what_a_killed_writer_left_behind_is_removed(shop: Workshop) -> None:
    folder = shop.snapshots().path
    (folder / ".writing-1234").mkdir(parents=True)
    (folder / ".writing-1234" / "passages.id.data.npy").write_bytes(b"half")
    (folder / "CURRENT.1234").write_text("half", encoding="utf-8")
    name = shop.pipeline.publish(COLLECTION)
    assert name is not None
    assert {entry.name for entry in folder.iterdir()} == {
        name,
        "CURRENT",
        "pointer.lock",
        "publish.lock",
    }


def test_older_snapshots_are_pruned(shop: Workshop) -> None:
    for number in range(5):
        shop.ingest(note(str(number), f"Passage Number{number}."))
        shop.pipeline.publish(COLLECTION)
    assert len(shop.snapshots().names()) == 2


def test_snapshots_do_not_depend_on_the_parts_that_documents_came_in(
    shop: Workshop, tmp_path: Path
) -> None:
    shop.ingest(A, B)
    parts = Workshop(folder=tmp_path / "parts")
    for document in (B, A):
        parts.ingest(document)
        parts.pipeline.publish(COLLECTION)
    shop.pipeline.publish(COLLECTION)
    assert parts.snapshots().open().manifest.files == shop.snapshots().open().manifest.files


def test_a_collection_that_was_made_anew_meanwhile_does_not_get_the_old_one_s_snapshot(
    shop: Workshop,
) -> None:
    def make_anew(step: StepProgress) -> None:
        if step.step == "gazetteer" and shop.store.collection(COLLECTION).revision:
            shop.store.delete_collection(COLLECTION)
            shop.store.create_collection(COLLECTION, SETTINGS)

    shop.ingest(A)
    shop.pipeline.publish(COLLECTION, make_anew)
    assert list(shop.snapshot().passages.text) == []


def test_nor_if_the_new_one_is_as_far_already(shop: Workshop) -> None:
    def make_anew(step: StepProgress) -> None:
        if step.step == "gazetteer" and shop.store.collection(COLLECTION).identity == old:
            shop.store.delete_collection(COLLECTION)
            shop.store.create_collection(COLLECTION, SETTINGS)
            shop.ingest(B)

    shop.ingest(A)
    old = shop.store.collection(COLLECTION).identity
    shop.pipeline.publish(COLLECTION, make_anew)
    assert list(shop.snapshot().passages.text) == [B.text]


def test_an_embedder_that_is_changed_meanwhile_leaves_none_of_its_links(shop: Workshop) -> None:
    def change(step: StepProgress) -> None:
        if step.step == "synonyms" and shop.store.collection(COLLECTION).settings == SETTINGS:
            shop.pipeline.reindex(COLLECTION, replace(SETTINGS, embedder="hash-32"))

    shop.ingest(A, note("c", "Molaisons and Milners."))
    shop.pipeline.publish(COLLECTION, change)
    assert shop.snapshots("hash-64").current() is None
    fresh = Workshop(folder=shop.folder / "fresh", settings=replace(SETTINGS, embedder="hash-32"))
    fresh.ingest(A, note("c", "Molaisons and Milners."))
    fresh.pipeline.publish(COLLECTION)
    assert shop.dump() == fresh.dump()
    assert list(shop.snapshot("hash-32").synonyms.score) == list(
        fresh.snapshot("hash-32").synonyms.score
    )


def as_read_by(shop: Workshop, rules: str) -> str:
    """Publish the snapshot that there is, as read by other rules; its name."""
    folder, found = shop.snapshots(), shop.snapshot()
    name = folder.write(found.revision, replace(found, rules=rules).write)
    folder.publish(name)
    return name


@pytest.mark.parametrize("others", ["others", ""])
def test_a_snapshot_read_by_an_earlier_version_s_rules_answers_until_it_is_built_again(
    shop: Workshop, others: str
) -> None:
    shop.ingest(A)
    shop.pipeline.publish(COLLECTION)
    earlier = as_read_by(shop, others)
    publisher, present = shop.pipeline.publisher, shop.store.collection(COLLECTION)
    assert publisher.covers(present)
    assert publisher.stale(present)
    assert shop.pipeline.publish(COLLECTION) not in (None, earlier)
    assert shop.snapshot().rules == rules()
    assert not publisher.stale(present)


def test_processes_that_read_by_different_rules_do_not_build_over_each_other_for_ever(
    shop: Workshop,
) -> None:
    shop.ingest(A)
    shop.pipeline.publish(COLLECTION)
    as_read_by(shop, "the earlier version's")
    shop.pipeline.publish(COLLECTION)
    theirs = as_read_by(shop, "the other process's")
    assert not shop.pipeline.publisher.stale(shop.store.collection(COLLECTION))
    assert shop.pipeline.publish(COLLECTION) is None
    assert shop.snapshots().current() == theirs
    assert shop.pipeline.rebuild(COLLECTION) not in (None, theirs)
    assert shop.snapshot().rules == rules()


def test_where_the_rules_are_unknown_nothing_is_built_again_for_them(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.ingest(A)
    name = shop.pipeline.publish(COLLECTION)
    monkeypatch.setattr("indexer.publisher.rules", str)
    assert not shop.pipeline.publisher.stale(shop.store.collection(COLLECTION))
    assert shop.pipeline.rebuild(COLLECTION) is None
    assert shop.snapshots().current() == name


def test_an_unknown_collection_is_an_error(shop: Workshop) -> None:
    with pytest.raises(CollectionNotFound):
        shop.pipeline.publish("none")
