"""Measuring one mode on one data set: ingest it (once), ask every question, score the rankings.

Each data set has its own collection, in a separate data folder (`<data_dir>/evaluation`) and always
in the embedded store, so that evaluation neither touches the user's collections nor shows up among
them. Evaluating again, in any mode, reuses it.
"""

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.extraction import Extractor
from indexer.progress import ReportProgress, StepProgress, ignore_progress
from inference.chat import ChatModel
from kg import ids
from kg.errors import InputError
from retrieval.aids import FAILED, Aids, search
from retrieval.metrics import NAMES, Judged, Scores, means, score
from retrieval.results import Retrieval
from retrieval.significance import interval_of
from server.adapters import make_chat_model, make_embedder, make_extractor
from server.aids import AS_SET, AidOptions
from server.composition import compose
from server.core import Core
from server.evaluation.dataset import Dataset
from server.evaluation.gold_steps import GoldSteps
from server.indexing_options import IndexingOptions
from server.models import MakeEmbedder
from server.reports.status import job_failures
from server.settings import Settings
from server.settings.specs import split

_TOLD = 3
"""How many of the documents that could not be indexed are named."""
_DEPTH = 60
"""How many passages are retrieved; of several pieces of one document, only the best counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What `ammon eval` prints."""

    dataset: str
    variant: str
    """How the data set was changed; '' if it was not."""
    mode: str
    extractor: str
    embedder: str
    questions: int
    """Questions with gold passages; the figures are means over these."""
    without_gold: int
    """Questions without any: asked, but not part of the figures."""
    passages: int
    recall: dict[str, float]
    """k -> percent."""
    all_gold: dict[str, float]
    """k -> percent of questions whose gold passages are all among the first k."""
    ndcg_at_10: float
    mrr: float
    intervals: dict[str, tuple[float, float] | None]
    """Figure, named as in `retrieval.metrics.NAMES` -> its 95 % interval by a bootstrap over the
    questions; None if there are too few."""
    index_seconds: float
    """Time spent indexing in this run; close to 0 if it was done before."""
    index_steps: dict[str, float]
    """Seconds by step."""
    embedding_ms: dict[str, float]
    """Median and 95th percentile of embedding a question."""
    question_ms: dict[str, float]
    """The same for everything but the embedding."""
    peak_rss_mb: float
    failed_aids: int
    """How often a chat model or a reranker failed, and the search went on without it."""
    scores: tuple[Scores, ...]
    """The figures of each question that has gold passages."""


class StepClock:
    """Splits time by step: each report's step is credited with the time since the previous
    report."""

    def __init__(self, also: ReportProgress) -> None:
        self.seconds: dict[str, float] = {}
        self._also = also
        self._last = time.perf_counter()

    def __call__(self, step: StepProgress) -> None:
        now = time.perf_counter()
        self.seconds[step.step] = self.seconds.get(step.step, 0.0) + now - self._last
        self._last = now
        self._also(step)


def evaluate(
    dataset: Dataset,
    settings: Settings,
    *,
    mode: str,
    extractor: str,
    aids: AidOptions = AS_SET,
    gold_steps: bool = False,
    embedder: MakeEmbedder = make_embedder,
    progress: ReportProgress = ignore_progress,
) -> Report:
    """Measure. `extractor` is as in the settings; 'precomputed' alone means the data set's own.

    `gold_steps`: use the data set's own steps in place of a chat model's.

    Raises: InputError, SettingsInvalid, ModelError.
    """
    _check_gold(dataset)
    spec = _extractor_spec(dataset, extractor)
    keys = {_content(d.title, d.text): d.source for d in dataset.documents}

    def make(name: str, chosen: Settings) -> Extractor:
        kind, path = split(name)
        if kind != "precomputed":
            return make_extractor(name, chosen)
        from indexer.extraction.precomputed import PrecomputedExtractor

        return PrecomputedExtractor(Path(path), lambda p: keys.get(_content(p.title, p.text)))

    aside = _aside(settings)

    def chat(chosen: Settings) -> ChatModel:
        return GoldSteps(dataset) if gold_steps else make_chat_model(chosen)

    core = compose(aside, extractor=make, embedder=embedder, chat=chat)
    try:
        return _measured(core, dataset, mode, spec, core.aids.get(aids), progress)
    finally:
        core.close()


def _check_gold(dataset: Dataset) -> None:
    """Raises: InputError if there is nothing to score."""
    if any(query.gold for query in dataset.queries):
        return
    file = f"{dataset.name}/queries.jsonl"
    if not dataset.queries:
        raise InputError(
            f"{file} has no questions, so there is nothing to measure. Add a line for each: "
            '{"id", "question", "gold": [ids of passages]}.'
        )
    raise InputError(
        f"No question in {file} has gold passages, so there is nothing to measure. List the ids of "
        "the passages that answer it in each question's 'gold'."
    )


def _aside(settings: Settings) -> Settings:
    """The settings of the evaluation: an embedded store, local snapshots and a worker in this
    process, whatever the user's settings. Rate limits of endpoints are still shared."""
    shared = settings.broker_url if settings.broker_url.startswith("redis") else ""
    return settings.model_copy(
        update={
            "data_dir": settings.data_dir / "evaluation",
            "store": "sqlite",
            "broker_url": "",
            "redis_url": settings.redis_url or shared,
            "snapshot_url": "",
        }
    )


def _measured(
    core: Core, dataset: Dataset, mode: str, spec: str, aids: Aids, progress: ReportProgress
) -> Report:
    clock = StepClock(progress)
    started = time.perf_counter()
    name = _indexed(core, dataset, spec, clock)
    index_seconds = time.perf_counter() - started
    retriever = core.retriever(name)
    if retriever is None:
        raise InputError(f"The data set {dataset.name!r} has no passages.")
    retriever.search("Is everything loaded?", mode=mode)
    answers = [
        search(retriever, query.question, aids, mode=mode, k=_DEPTH) for query in dataset.queries
    ]
    scores = score(
        [
            Judged(
                id=query.id,
                gold=frozenset(query.gold),
                ranked=_documents(answer, query.gold, dataset.parents),
            )
            for query, answer in zip(dataset.queries, answers, strict=True)
        ]
    )
    figures = means(scores)
    return Report(
        dataset=dataset.name,
        variant=", ".join(dataset.variant),
        mode=mode,
        extractor=split(spec)[0],
        embedder=retriever.snapshot.embedder,
        questions=figures.questions,
        without_gold=len(dataset.queries) - figures.questions,
        passages=len(retriever.snapshot.passages.id),
        recall={str(k): value for k, value in figures.recall.items()},
        all_gold={str(k): value for k, value in figures.all_gold.items()},
        ndcg_at_10=figures.ndcg_at_10,
        mrr=figures.mrr,
        intervals={name: interval_of([one.values[name] for one in scores]) for name in NAMES},
        index_seconds=round(index_seconds, 2),
        index_steps={step: round(seconds, 2) for step, seconds in clock.seconds.items()},
        embedding_ms=_percentiles([answer.timings["embedding"] for answer in answers]),
        question_ms=_percentiles([answer.timings["retrieval"] for answer in answers]),
        peak_rss_mb=round(_peak_rss_mb(), 1),
        failed_aids=sum(FAILED in note for a in answers for note in a.explanation.notes),
        scores=tuple(scores),
    )


def _indexed(core: Core, dataset: Dataset, spec: str, progress: ReportProgress) -> str:
    """Index the corpus in a collection named after data set, variant, extractor and document
    ids."""
    corpus = ids.content_hash(
        *dataset.variant, *sorted(document.source for document in dataset.documents)
    )
    variant = "".join(f"-{part}" for part in dataset.variant)[:30]
    name = f"{dataset.name[:40]}{variant}-{split(spec)[0]}-{corpus[:8]}"
    tokens = 0 if dataset.whole else core.settings.passage_tokens
    core.ensure_collection(
        name,
        IndexingOptions(extractor=spec, embedder=core.settings.embedder, max_tokens=tokens),
    )
    submission = core.pipeline.submit(name, dataset.documents)
    core.worker.run_until_empty(name, progress)
    if submission.job is not None:
        _check_indexed(job_failures(core, submission.job.id, len(dataset.documents)))
    return name


def _check_indexed(failed: Sequence[tuple[str, str]]) -> None:
    """`failed`: sources and reasons. Raises: InputError that names the first few."""
    if not failed:
        return
    told = [reason if source in reason else f"{source}: {reason}" for source, reason in failed]
    more = len(failed) - _TOLD
    raise InputError(
        f"{len(failed)} of the corpus's documents could not be indexed: {' '.join(told[:_TOLD])}"
        + (f" (and {more} more)" if more > 0 else "")
    )


def _documents(
    answer: Retrieval, gold: Sequence[str], parents: Mapping[str, str]
) -> tuple[str, ...]:
    """The documents (or parents) of the passages found, best first, without duplicates. One of each
    passage, however many documents have its text: the gold ones, if there are any."""
    found: dict[str, None] = {}
    for hit in answer.hits:
        cited = [parents.get(place.source, place.source) for place in hit.citations]
        found |= dict.fromkeys([one for one in cited if one in gold] or cited[:1])
    return tuple(found)


def _extractor_spec(dataset: Dataset, extractor: str) -> str:
    if extractor != "precomputed":
        return extractor
    if dataset.openie is None:
        raise InputError(
            f"The data set {dataset.name!r} has no openie.jsonl, or none that fits this variant: "
            "name a file (precomputed:FILE) or choose another extractor."
        )
    return f"precomputed:{dataset.openie}"


def _content(title: str, text: str) -> tuple[str, str]:
    return " ".join(title.split()), " ".join(text.split())


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(values, [50, 95]) if values else (0.0, 0.0)
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}


def _peak_rss_mb() -> float:
    """The process's largest resident memory so far; Linux counts KiB, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
