"""Indexing data sets with Ammon itself, and watching how long its steps take."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.clocked import ClockedEmbedder
from bench.measure import Cost, Stopwatch
from indexer.extraction import Extractor
from indexer.progress import StepProgress
from kg.errors import InputError
from kg.records import SourceDocument
from kg.snapshot import Snapshots
from server.adapters import make_embedder, make_extractor
from server.composition import compose
from server.core import Core
from server.evaluation.dataset import Dataset
from server.indexing_options import IndexingOptions
from server.logs import configure
from server.settings import Settings

COLLECTION = "bench"


def divided(
    dataset: Dataset, documents: int | None, percent: float
) -> tuple[Sequence[SourceDocument], Sequence[SourceDocument]]:
    """The first so many documents, and the last per cent of these apart: one, if it is less.

    Raises: InputError where there are not two.
    """
    chosen = dataset.documents[:documents]
    last = max(round(len(chosen) * percent / 100), 1)
    if last >= len(chosen):
        raise InputError(
            f"{percent:g} % of {dataset.name} leaves nothing of its {len(chosen)} documents."
        )
    return chosen[:-last], chosen[-last:]


@dataclass(slots=True)
class StepClock:
    """Seconds by step: each report's step gets what has passed since the report before."""

    seconds: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def __call__(self, step: StepProgress) -> None:
        now = time.perf_counter()
        self.seconds[step.step] = self.seconds.get(step.step, 0.0) + now - self._last
        self._last = now


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexed:
    """What one round of indexing took."""

    seconds: float
    cpu: float
    """Seconds of a processor."""
    steps: dict[str, float]
    """Seconds by step, embeddings within them."""
    embedding: dict[str, float]
    """Seconds by kind of text that was embedded; nothing is embedded twice."""
    embedding_cpu: dict[str, float]


class Library:
    """A data folder with one collection; to be used in `with`."""

    def __init__(
        self,
        folder: Path,
        dataset: Dataset,
        extractor: str,
        threads: int,
        place: Mapping[str, str] | None = None,
    ) -> None:
        """`extractor` as in the settings; 'precomputed' alone means the data set's own. `place`:
        settings of a store other than the folder's."""
        self.clocked: list[ClockedEmbedder] = []
        own = {"data_dir": folder, "extractor": "spacy", "embedding_threads": threads}
        settings = Settings.model_validate({**own, "worker_threads": 1, **(place or {})})
        precomputed = extractor == "precomputed"
        if precomputed and dataset.openie is None:
            raise InputError(
                f"{dataset.name} has no openie.jsonl, which --extractor precomputed reads."
            )
        self._extractor = f"precomputed:{dataset.openie}" if precomputed else extractor
        keys = {(d.title.strip(), d.text.strip()): d.source for d in dataset.documents}

        def make(name: str, chosen: Settings) -> Extractor:
            if not precomputed or dataset.openie is None:
                return make_extractor(name, chosen)
            from indexer.extraction.precomputed import PrecomputedExtractor

            return PrecomputedExtractor(
                dataset.openie, lambda p: keys.get((p.title.strip(), p.text.strip()))
            )

        def clocked(name: str, chosen: Settings) -> ClockedEmbedder:
            self.clocked.append(ClockedEmbedder(make_embedder(name, chosen)))
            return self.clocked[-1]

        configure(settings, "error")
        self.core: Core = compose(settings, extractor=make, embedder=clocked)
        self._tokens = 0 if dataset.whole else settings.passage_tokens
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.callback(self.core.close)
        options = IndexingOptions(
            extractor=self._extractor, embedder="minilm", max_tokens=self._tokens
        )
        self.core.ensure_collection(COLLECTION, options)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, documents: Iterable[SourceDocument]) -> Indexed:
        """Index documents, to the published snapshot."""
        before = self._embedded()
        clock = StepClock()
        with Stopwatch() as watch:
            self.core.pipeline.submit(COLLECTION, documents)
            self.core.worker.run_until_empty(COLLECTION, clock)
        spent = {
            kind: after.less(before.get(kind, Cost(0.0, 0.0)))
            for kind, after in self._embedded().items()
        }
        return Indexed(
            seconds=watch.seconds,
            cpu=watch.cpu,
            steps=clock.seconds,
            embedding={kind: one.seconds for kind, one in spent.items()},
            embedding_cpu={kind: one.cpu for kind, one in spent.items()},
        )

    def texts(self) -> list[str]:
        """What HippoRAG embeds of the same graph: passages, entities, facts."""
        with self.core.store.read(COLLECTION) as reader:
            entities = {entity.id: entity.name for entity in reader.entities()}
            passages = [passage.embedded_text for passage in reader.passages()]
            facts = [
                f"{entities[fact.subject_id]} {fact.relation} {entities[fact.object_id]}"
                for fact in reader.facts()
            ]
        return [*passages, *entities.values(), *facts]

    @property
    def snapshots(self) -> Snapshots:
        """Where the collection's snapshots are."""
        return self.core.snapshot_folder(COLLECTION)

    def _embedded(self) -> dict[str, Cost]:
        return {
            kind: Cost(one.ms[kind] / 1000, one.cpu[kind])
            for one in self.clocked
            for kind in one.ms
        }
