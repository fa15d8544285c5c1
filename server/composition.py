"""The composition root: the one place where adapters are put together."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from threading import Event
from types import MappingProxyType

from indexer.pipeline import Pipeline
from indexer.worker import Worker
from inference.chat import ChatModel
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
from server.models import MakeEmbedder, MakeExtractor, Models
from server.remote_worker import RemoteWorker
from server.retrievers import Opened, Retrievers
from server.settings import Settings
from server.stores import Store, make_store
from server.workforce import Resting, Workforce


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
    device.choose(settings.vector_device)
    folders = Folders(settings.data_dir, make_objects(settings))
    store = make_store(settings, folders, may_be_away=True)
    resources = ExitStack()
    resources.callback(store.close)
    models = Models(
        settings,
        extractor=extractor or partial(make_extractor, stopping=stopping),
        embedder=embedder or partial(make_embedder, stopping=stopping),
        folders=folders,
        resources=resources,
    )
    retrievers = Retrievers(
        folders.snapshots, models.embedder, ready, most=settings.open_collections
    )
    seen = KnownCollections(store)
    pipeline = _pipeline(settings, store, folders, models, (seen.note, retrievers.refresh))
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
        reopen=lambda: compose(
            settings,
            extractor=extractor,
            embedder=models.embedder_after_fork,
            chat=chat,
            reranker=reranker,
            ready=retrievers.hand_over(),
        ),
    )


def _pipeline(
    settings: Settings,
    store: Store,
    folders: Folders,
    models: Models,
    followers: Sequence[Callable[[Collection], None]],
) -> Pipeline:
    """`followers` are called with a collection when a snapshot of it has been published."""

    def published(collection: Collection) -> None:
        for follower in followers:
            follower(collection)

    return Pipeline(
        store=store,
        queue=store,
        extractor=models.extractor,
        embedder=models.embedder,
        folder=folders.snapshots,
        published=published,
        first_tier="spacy" if settings.first_tier else "",
        prices=Prices(input=settings.llm_price_input, output=settings.llm_price_output),
        retention_seconds=settings.job_retention_days * 86_400,
    )


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
        lambda: broker.open_broker(settings.broker_url),
        check=lambda: broker.check_password(settings.broker_url),
    )
