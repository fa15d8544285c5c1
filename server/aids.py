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
        """The aids of one question. Raises: SettingsInvalid for a chat model or a reranker that is
        asked for and that no setting names."""
        settings = self._settings
        rerank = bool(settings.reranker) if wanted.rerank is None else wanted.rerank
        bridges = settings.bridges if wanted.bridges is None else wanted.bridges
        recognition = settings.recognition if wanted.recognition is None else wanted.recognition
        return Aids(
            bridges=self._bridges if bridges else None,
            reranker=self._reranker if rerank else None,
            recognition=self._recognition if recognition else None,
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
