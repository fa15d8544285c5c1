"""Who holds a passage, and who does not any more."""

import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from indexer.flow.batches import Batch
from indexer.flow.holding import Holding
from indexer.flow.tools import Times
from kg.records import Passage
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.office import Office

SCRIPTED = ScriptedExtractor()
PASSAGE = Passage(id="psg-1", title="Note", heading="", text="Hebb wrote.")
BATCH = Batch(collection="books", job="job-1", worker="w", tasks={}, own={}, passages=[PASSAGE])


def test_what_was_put_back_is_not_held_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though its holder goes on to hold what else it has, as a thread of its own does."""
    office = Office(tmp_path, times=Times(hold=0.04))
    queue, name = office.shop.queue, "extract scripted psg-1"
    queue.take([name], worker="dead", seconds=-1.0)
    put_back = queue.put_back

    def slowly(names: Iterable[str], *, worker: str) -> None:
        put_back(names, worker=worker)
        time.sleep(0.1)

    monkeypatch.setattr(queue, "put_back", slowly)
    with Holding(tools=office.flow.tools).calm(BATCH, [PASSAGE], SCRIPTED) as (mine, suspects):
        assert (mine, suspects) == (frozenset(), {"psg-1"})
        assert queue.take([name], worker="another", seconds=60) == {name: 1}


def test_a_passage_is_held_once_for_each_extractor(tmp_path: Path) -> None:
    """While a collection changes its extractor, both read it."""
    office = Office(tmp_path)
    holding = Holding(tools=office.flow.tools)
    other = ScriptedExtractor(fingerprint="another")
    with (
        holding.calm(BATCH, [PASSAGE], SCRIPTED) as (mine, _),
        holding.calm(BATCH, [PASSAGE], SCRIPTED) as (again, _),
        holding.calm(BATCH, [PASSAGE], other) as (others, _),
    ):
        assert (mine, again, others) == ({"psg-1"}, frozenset(), {"psg-1"})
