"""Which aids a question gets: what the settings say, unless the question says otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from inference.chat import ChatModel
from inference.reranker import Reranker
from retrieval.aids import Aids, Bridges, Recognition
from server.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedAids:
    """What a question asks for; None is as the settings say."""

    bridges: bool | None = None
    recognition: bool | None = None
    rerank: bool | None = None


AS_SET = WantedAids()
NO_RERANKER = (
    "There is no reranker, so the order is the walk's: name one in the setting reranker "
    "(AMMON_RERANKER), for example sentence-transformers:cross-encoder/ms-marco-MiniLM-L6-v2."
)


class AidCabinet:
    """The aids of a process, each made when it is first wanted."""

    def __init__(
        self,
        settings: Settings,
        chat: Callable[[Settings], ChatModel],
        reranker: Callable[[Settings], Reranker],
    ) -> None:
        self._settings = settings
        self._make_chat = chat
        self._make_reranker = reranker

    def get(self, wanted: WantedAids) -> Aids:
        """The aids of one question. Raises: SettingsInvalid for a reranker that there is not."""
        settings = self._settings
        rerank = bool(settings.reranker) if wanted.rerank is None else wanted.rerank
        lacking = rerank and not settings.reranker
        bridges = settings.bridges if wanted.bridges is None else wanted.bridges
        recognition = settings.recognition if wanted.recognition is None else wanted.recognition
        return Aids(
            bridges=self._bridges if bridges else None,
            reranker=self._reranker if rerank and not lacking else None,
            recognition=self._recognition if recognition else None,
            notes=(NO_RERANKER,) if lacking else (),
        )

    @cached_property
    def _chat(self) -> ChatModel:
        return self._make_chat(self._settings)

    @cached_property
    def _bridges(self) -> Bridges:
        return Bridges(self._chat)

    @cached_property
    def _recognition(self) -> Recognition:
        return Recognition(self._chat)

    @cached_property
    def _reranker(self) -> Reranker:
        return self._make_reranker(self._settings)
