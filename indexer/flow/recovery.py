"""Answers that workers of this machine left behind when they died, brought into the store."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from indexer.extraction.notes import ResumableExtractor
from indexer.extraction.port import Extractor
from indexer.extraction.store_notebook import StoreNotebook
from indexer.flow.tools import Tools
from indexer.process import is_dead
from kg.errors import AmmonError, StoreUnavailable
from kg.records import CollectionSettings

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """Brings answers in. Safe for several threads and processes."""

    tools: Tools
    extractor: Callable[[CollectionSettings], Extractor]

    def bring_in(self) -> None:
        """All that lies in this machine's folder. What happens to one collection's answers keeps
        nobody from the others'. Raises: StoreUnavailable."""
        for collection in self.tools.store.collections():
            for settings in (collection.settings, collection.settings.upcoming):
                if settings is None:
                    continue
                try:
                    self._bring_in(settings)
                except StoreUnavailable:
                    raise
                except Exception:  # the outermost boundary of a collection
                    _log.exception("could not bring in answers", collection=collection.name)

    def _bring_in(self, settings: CollectionSettings) -> None:
        try:
            extractor = self.extractor(settings)
        except AmmonError:  # whoever reads with it says so
            return
        if isinstance(extractor, ResumableExtractor):
            extractor.recover(partial(StoreNotebook.of, self.tools.store), is_dead)

    def is_gone(self, worker: str) -> bool:
        """Whether a worker is dead; then its answers are in the store. So nobody begins a passage
        that it held, on whatever machine, before they are. Raises: StoreUnavailable."""
        if not is_dead(worker):
            return False
        self.bring_in()
        return True
