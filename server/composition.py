"""The composition root: the one place where adapters are made."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from threading import Event, Lock
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from indexer.extraction import Extractor
from indexer.pipeline import Pipeline
from indexer.worker import Worker
from inference.cache import CachedEmbedder
from inference.chat import ChatModel
from inference.dynamic_batching import BatchingEmbedder
from inference.embedder import Embedder
from inference.reranker import Reranker
from kg import device
from kg.jobs import Prices
from kg.records import Collection
from kg.sqlite import SQLiteStore
from server import broker
from server.adapters import (
    make_chat_model,
    make_embedder,
    make_extractor,
    make_objects,
    make_reranker,
)
from server.aids import AidCabinet
from server.core import Core
from server.folders import Folders
from server.known_collections import KnownCollections
from server.remote_worker import RemoteWorker
from server.retrievers import Opened, Retrievers
from server.settings import Settings
from server.settings.specs import is_forkable
from server.stores import Store, make_store
from server.workforce import Resting, Workforce

_Made = TypeVar("_Made")
MakeExtractor: TypeAlias = Callable[[str, Settings], Extractor]
MakeEmbedder: TypeAlias = Callable[[str, Settings], Embedder]


def compose(
    settings: Settings,
    *,
    extractor: MakeExtractor | None = None,
    embedder: MakeEmbedder | None = None,
    chat: Callable[[Settings], ChatModel] = make_chat_model,
    reranker: Callable[[Settings], Reranker] = make_reranker,
    ready: Mapping[str, Opened] = MappingProxyType({}),
    stopping: Event | None = None,
) -> Core:
    """Open the data folder and wire everything together. Nothing is started and no model is loaded
    yet, and no server has been contacted: to learn at once whether the store answers, probe it.

    `extractor` and `embedder` make what a collection's settings name (None: as `server.adapters`
    does), `chat` and `reranker` make what may assist with questions; `ready` holds snapshots, by
    collection, that are open already; `stopping` is the event of `Core.stopping`, for those who
    make extractors that heed it. Raises: StoreError, SettingsInvalid, DependencyMissing.
    """
    stopping = stopping or Event()
    extractor_of = extractor or partial(make_extractor, stopping=stopping)
    embedder_of = embedder or partial(make_embedder, stopping=stopping)
    device.choose(settings.vector_device)
    folders = Folders(settings.data_dir, make_objects(settings))
    store = make_store(settings, folders, may_be_away=True)
    resources = ExitStack()
    resources.callback(store.close)

    models = _once_each(lambda name: embedder_of(name, settings))
    extractors = _once_each(lambda name: extractor_of(name, settings))
    embedders = _once_each(lambda name: _cached(models(name), name, settings, folders, resources))
    retrievers = Retrievers(
        folders.snapshots,
        lambda chosen: embedders(chosen.embedder),
        ready,
        most=settings.open_collections,
    )
    seen = KnownCollections(store)

    def published(collection: Collection) -> None:
        seen.note(collection)
        retrievers.refresh(collection)

    pipeline = _pipeline(settings, store, folders, extractors, embedders, published)
    return Core(
        settings=settings,
        store=store,
        queue=store,
        pipeline=pipeline,
        worker=_workforce(settings, store, pipeline),
        folders=folders,
        retrievers=retrievers,
        seen=seen,
        aids=AidCabinet(settings, chat, reranker),
        resources=resources,
        stopping=stopping,
        again=lambda: compose(
            settings,
            extractor=extractor,
            embedder=_kept(models, embedder_of),
            chat=chat,
            reranker=reranker,
            ready=retrievers.hand_over(),
        ),
    )


def _pipeline(
    settings: Settings,
    store: Store,
    folders: Folders,
    extractors: Callable[[str], Extractor],
    embedders: Callable[[str], Embedder],
    published: Callable[[Collection], None],
) -> Pipeline:
    return Pipeline(
        store=store,
        queue=store,
        extractor=lambda chosen: extractors(chosen.extractor),
        embedder=lambda chosen: embedders(chosen.embedder),
        folder=folders.snapshots,
        published=published,
        first_tier="spacy" if settings.first_tier else "",
        prices=Prices(input=settings.llm_price_input, output=settings.llm_price_output),
        retention_seconds=settings.job_retention_days * 86_400,
    )


def _kept(models: Callable[[str], Embedder], make: MakeEmbedder) -> MakeEmbedder:
    """After a fork: reuses loaded models that survive it, and makes the others anew."""
    return lambda name, settings: models(name) if is_forkable(name) else make(name, settings)


def _cached(
    model: Embedder, name: str, settings: Settings, folders: Folders, resources: ExitStack
) -> Embedder:
    # An endpoint answers several requests at once; a local model uses all cores for each batch.
    lanes = settings.embedding_concurrency if name.startswith("openai") else 1
    batching = BatchingEmbedder(model, lanes=lanes)
    cached = CachedEmbedder(batching, folders.embeddings, int(settings.embedding_cache_gb * 1e9))
    resources.callback(cached.close)
    return cached


def _workforce(settings: Settings, store: Store, pipeline: Pipeline) -> Workforce:
    """Threads of this process, or remote workers behind the broker; nobody if the store is
    read-only."""
    if isinstance(store, SQLiteStore) and store.read_only:
        return Resting(pipeline)
    if not settings.broker_url:
        return Worker(pipeline, threads=settings.worker_threads)
    broker.check(settings.broker_url)
    return RemoteWorker(
        pipeline,
        lambda: broker.open_post(settings.broker_url),
        check=lambda: broker.check_password(settings.broker_url),
    )


def _once_each(make: Callable[[str], _Made]) -> Callable[[str], _Made]:
    """Cache what is made for each name; thread-safe, so that nothing is made twice."""
    made: dict[str, _Made] = {}
    lock = Lock()

    def get(name: str) -> _Made:
        with lock:
            if name not in made:
                made[name] = make(name)
            return made[name]

    return get
