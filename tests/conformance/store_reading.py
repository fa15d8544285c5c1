"""Readers see one revision, in order."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from kg.dump import dump, dump_hash
from kg.store import Change, GraphReader
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Store,
    StoreFixtures,
    commit_all,
    graph,
    link,
    names,
    removed,
    unlinked,
    written,
)

SENTENCES = [
    f"{a} {verb} {b}"
    for a in ("Ann", "Bob", "Cid")
    for verb in ("likes", "knows")
    for b in ("Dan", "Eve")
]


class ReadingConformance(StoreFixtures):
    @pytest.fixture
    def filled(self, library: Store) -> Store:
        for number, text in enumerate(SENTENCES):
            library.commit(COLLECTION, written(f"doc {number}", text, "Ann likes Bob"))
        link(library, "ann bob", "bob ann", "ann cid")
        return library

    def test_everything_comes_in_order_of_id(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader:
            for records in (
                reader.documents(),
                reader.passages(),
                reader.entities(),
                reader.facts(),
            ):
                found = [record.id for record in records]
                assert found == sorted(set(found))
                assert len(found) > 3
            placed = [(one.document_id, one.ordinal) for one in reader.placements()]
            assert placed == sorted(placed)
            extracted = [one.passage_id for one in reader.extractions()]
            assert extracted == sorted(extracted)
            mentioned = [(one.passage_id, one.entity_id) for one in reader.mentions()]
            assert mentioned == sorted(mentioned)
            supported = [(one.passage_id, one.fact_id) for one in reader.supports()]
            assert supported == sorted(supported)
            linked = [(one.source_id, one.target_id) for one in reader.synonyms()]
            assert linked == sorted(linked)
        filled.forget_synonyms(COLLECTION)
        with filled.read(COLLECTION) as reader:
            assert list(reader.unlinked()) == sorted(reader.unlinked())

    def test_counts_are_of_what_the_iterators_yield(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader:
            assert reader.counts() == {
                "documents": len(list(reader.documents())),
                "passages": len(list(reader.passages())),
                "entities": len(list(reader.entities())),
                "facts": len(list(reader.facts())),
                "mentions": len(list(reader.mentions())),
                "supports": len(list(reader.supports())),
                "synonyms": 3,
                "quarantined": 0,
            }

    def test_documents_can_be_had_page_by_page(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader:
            everything = list(reader.documents())
            pages: list[list[str]] = []
            after = ""
            while page := [one.id for one in reader.documents(after=after, limit=5)]:
                pages.append(page)
                after = page[-1]
        assert [len(page) for page in pages] == [5, 5, 2]
        assert list(chain.from_iterable(pages)) == [one.id for one in everything]

    def test_no_document_is_had_with_a_limit_of_0(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader:
            assert list(reader.documents(limit=0)) == []

    def test_a_reader_does_not_see_what_is_written_after_it(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader:
            before = dump_hash(reader)
            filled.commit(COLLECTION, written("new", "Zoe likes Ann"))
            filled.commit(COLLECTION, removed("doc 0"))
            filled.forget_synonyms(COLLECTION)
            assert dump_hash(reader) == before
            assert reader.collection.revision == len(SENTENCES)
        assert "zoe" in names(filled)

    def test_what_an_iterator_has_begun_it_finishes_while_others_write(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader:
            documents = reader.documents()
            first = next(documents)
            sources = [f"doc {number}" for number in range(len(SENTENCES))]
            filled.commit(COLLECTION, removed(*sources))
            assert len([first, *documents]) == len(SENTENCES)

    def test_an_iterator_left_half_way_does_not_hold_later_readers_back(
        self, filled: Store
    ) -> None:
        with filled.read(COLLECTION) as reader:
            half_way = reader.passages()
            next(half_way)
        filled.commit(COLLECTION, written("new", "Zoe likes Ann"))
        assert "zoe" in names(filled)

    def test_a_reader_of_a_few_parts_tells_what_one_of_all_tells(self, filled: Store) -> None:
        parts = ["synonyms", "documents", "unlinked"]
        with filled.read(COLLECTION) as reader, filled.read(COLLECTION, parts) as some:
            assert some.collection == reader.collection
            assert list(some.synonyms()) == list(reader.synonyms())
            assert list(some.documents(limit=3)) == list(reader.documents(limit=3))
            assert list(some.unlinked()) == list(reader.unlinked())

    def test_a_glance_tells_what_a_reader_tells(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader, filled.peek(COLLECTION) as glance:
            assert glance.collection == reader.collection
            assert glance.counts() == reader.counts()
            assert list(dump(glance)) == list(dump(reader))
            assert list(glance.unlinked()) == list(reader.unlinked())
            after = next(glance.documents()).id
            assert list(glance.documents(after=after, limit=3)) == list(
                reader.documents(after=after, limit=3)
            )

    def test_a_glance_at_what_was_written_just_now_sees_it(self, filled: Store) -> None:
        filled.commit(COLLECTION, written("new", "Zoe likes Ann"))
        with filled.peek(COLLECTION) as glance:
            assert "zoe" in {entity.name for entity in glance.entities()}

    def test_two_iterators_go_side_by_side(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader:
            pairs = list(zip(reader.documents(), reader.documents(), strict=True))
        assert all(one == other for one, other in pairs)

    def test_an_error_of_the_readers_user_goes_through(self, filled: Store) -> None:
        with pytest.raises(OSError, match="no room"), filled.read(COLLECTION):
            raise OSError("no room")
        assert "ann" in names(filled)

    def test_equal_graphs_have_equal_dumps_however_they_came(self, filled: Store) -> None:
        with filled.read(COLLECTION) as reader:
            expected = list(dump(reader))
        filled.delete_collection(COLLECTION)
        filled.create_collection(COLLECTION, SETTINGS)
        changes = [
            written(f"doc {number}", text, "Ann likes Bob") for number, text in enumerate(SENTENCES)
        ]
        extra = written("extra", "Zoe likes Ann")
        commit_all(filled, [extra, *reversed(changes), removed("extra")])
        link(filled, "ann bob", "bob ann", "ann cid")
        with filled.read(COLLECTION) as reader:
            assert list(dump(reader)) == expected

    def test_threads_write_at_once_and_nothing_is_lost(self, library: Store) -> None:
        def work(worker: int) -> None:
            for number in range(10):
                library.commit(COLLECTION, written(f"{worker} {number}", f"Ann likes {worker}x"))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        assert library.collection(COLLECTION).revision == 40
        assert len(library.fingerprints(COLLECTION)) == 40
        assert names(library) == {"ann", "0x", "1x", "2x", "3x"}

    def test_readers_see_whole_transactions_while_a_thread_writes(self, library: Store) -> None:
        def write() -> None:
            for number in range(40):
                library.commit(COLLECTION, Change(put=(graph(f"{number}", "x", f"{number}"),)))

        with ThreadPoolExecutor(1) as pool:
            writer = pool.submit(write)
            while not writer.done():
                with library.read(COLLECTION) as reader:
                    self.check_whole(reader)
            writer.result()

    def check_whole(self, reader: GraphReader) -> None:
        found = reader.counts()["documents"]
        assert found == reader.collection.revision
        assert len(list(reader.placements())) == 2 * found

    def test_an_unlinked_list_is_of_entities_that_are_there(self, filled: Store) -> None:
        filled.commit(COLLECTION, written("new", "Zoe likes Ann"))
        assert unlinked(filled) == {"zoe"}
