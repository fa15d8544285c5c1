"""What a store is restored from comes in batches that no store has to be large for."""

import pytest

from kg import holdings
from kg.holdings import holdings_of
from kg.memory import MemoryStore
from tests.conformance.material import COLLECTION, SETTINGS, written


def test_long_documents_come_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holdings, "PLACED", 4)
    store = MemoryStore()
    store.create_collection(COLLECTION, SETTINGS)
    for source, length in enumerate((1, 2, 9, 1, 1)):
        texts = [f"Ann likes {source}x{number}" for number in range(length)]
        store.commit(COLLECTION, written(str(source), *texts))
    with store.read(COLLECTION) as reader:
        documents = [
            graph.document.id for change in holdings_of(reader).changes for graph in change.put
        ]
        batches = [
            [len(graph.placements) for graph in change.put]
            for change in holdings_of(reader).changes
            if change.put
        ]
        assert documents == [document.id for document in reader.documents()]
    assert sorted(length for batch in batches for length in batch) == [1, 1, 1, 2, 9]
    assert all(len(batch) == 1 or sum(batch) <= 4 for batch in batches)
    assert len(batches) <= 4
