"""The extractors and embedders of a process, each made when it is first needed, and only once."""

from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock
from typing import TypeAlias, TypeVar

from indexer.extraction import Extractor
from inference.cache import CachedEmbedder
from inference.dynamic_batching import BatchingEmbedder
from inference.embedder import Embedder
from inference.folding import FoldingEmbedder
from kg.records import CollectionSettings
from server.folders import Folders
from server.settings import Settings
from server.settings.specs import is_forkable

_Made = TypeVar("_Made")
MakeExtractor: TypeAlias = Callable[[str, Settings], Extractor]
MakeEmbedder: TypeAlias = Callable[[str, Settings], Embedder]


class Models:
    """Models by name. Safe for several threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        extractor: MakeExtractor,
        embedder: MakeEmbedder,
        folders: Folders,
        resources: ExitStack,
    ) -> None:
        """`extractor` and `embedder` make the model of a name; caches are in `folders`, and are
        closed with `resources`."""
        self._settings = settings
        self._make_embedder = embedder
        self._folders = folders
        self._resources = resources
        self._extractor = _once_each(lambda name: extractor(name, settings))
        self._bare_embedder = _once_each(lambda name: embedder(name, settings))
        self._embedder = _once_each(self._cached)

    def extractor(self, chosen: CollectionSettings) -> Extractor:
        """The extractor of a collection. Raises: SettingsInvalid, WeightsInvalid, InputError."""
        return self._extractor(chosen.extractor)

    def embedder(self, chosen: CollectionSettings) -> Embedder:
        """The embedder of a collection, with folding, a cache and batching.

        Raises: SettingsInvalid, WeightsInvalid, DependencyMissing.
        """
        return self._embedder(chosen.embedder)

    def embedder_after_fork(self, name: str, settings: Settings) -> Embedder:
        """In a forked process: the loaded model if it survives forks, otherwise a new one."""
        if is_forkable(name):
            return self._bare_embedder(name)
        return self._make_embedder(name, settings)

    def _cached(self, name: str) -> Embedder:
        settings = self._settings
        # An endpoint answers several requests at once; a local model uses all cores for each batch.
        lanes = settings.embedding_concurrency if name.startswith("openai") else 1
        batching = BatchingEmbedder(self._bare_embedder(name), lanes=lanes)
        most_bytes = int(settings.embedding_cache_gb * 1e9)
        cached = CachedEmbedder(batching, self._folders.embeddings, most_bytes)
        self._resources.callback(cached.close)
        return FoldingEmbedder(cached)


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
