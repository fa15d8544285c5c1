"""Which aids a question gets: those of the settings, unless the question overrides them."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from inference.chat import ChatModel
from inference.reranker import Reranker
from retrieval.aids import Aids, Bridges, Recognition
from server.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class AidOptions:
    """The aids that a question asks for; None means the setting."""

    bridges: bool | None = None
    recognition: bool | None = None
    rerank: bool | None = None


AS_SET = AidOptions()


class AidCabinet:
    """The aids of a process, each created when it is first needed."""

    def __init__(
        self,
        settings: Settings,
        chat: Callable[[Settings], ChatModel],
        reranker: Callable[[Settings], Reranker],
    ) -> None:
        self._settings = settings
        self._make_chat = chat
        self._make_reranker = reranker
        self._lock = Lock()
        self._chat: ChatModel | None = None
        self._bridges: Bridges | None = None
        self._recognition: Recognition | None = None
        self._reranker: Reranker | None = None

    def get(self, options: AidOptions) -> Aids:
        """The aids of one question. Raises: SettingsInvalid if a chat model or a reranker is
        requested, but none is set."""
        settings = self._settings
        rerank = bool(settings.reranker) if options.rerank is None else options.rerank
        bridges = settings.bridges if options.bridges is None else options.bridges
        recognition = settings.recognition if options.recognition is None else options.recognition
        with self._lock:  # quick: creating an aid loads nothing yet
            return Aids(
                bridges=self._bridging() if bridges else None,
                reranker=self._reranking() if rerank else None,
                recognition=self._recognising() if recognition else None,
            )

    def _chatting(self) -> ChatModel:
        if self._chat is None:
            self._chat = self._make_chat(self._settings)
        return self._chat

    def _bridging(self) -> Bridges:
        if self._bridges is None:
            self._bridges = Bridges(self._chatting())
        return self._bridges

    def _recognising(self) -> Recognition:
        if self._recognition is None:
            self._recognition = Recognition(self._chatting())
        return self._recognition

    def _reranking(self) -> Reranker:
        if self._reranker is None:
            self._reranker = self._make_reranker(self._settings)
        return self._reranker
