"""Extraction by a chat model: which passages are asked about when."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from indexer.extraction import prompts
from indexer.extraction.answer_spool import AnswerSpool
from indexer.extraction.letters import in_ordinary_letters
from indexer.extraction.notes import Claims, Label, MemoryNotebook, Notebook, Notes, ordinary
from indexer.extraction.passage_reader import PassageReader
from indexer.extraction.suspects import SUSPECT, Unanswered
from inference.chat import CallWithdrawn, Claim, KeepableChatModel, RequestFailed
from inference.tokens import estimated_tokens
from kg.errors import ModelUnavailable
from kg.records import Extraction, Passage

_SHORTEST_ANSWERS = 60
"""Tokens of the two answers to a passage of a few words."""


class LLMExtractor:
    """Asks a chat model about several passages at a time, as `PassageReader` does about each.

    If the model's endpoint goes away, the passages that are done come first, then the error
    (`Unanswered`).
    """

    def __init__(
        self,
        chat: KeepableChatModel,
        *,
        concurrency: int = 4,
        attempts: int = 3,
        max_tokens: int = 2048,
        spool: Path | None = None,
    ) -> None:
        """concurrency: passages at once; attempts: for each question; max_tokens: of an answer;
        spool: a folder of this machine's for answers on their way into a notebook."""
        self._concurrency = concurrency
        self._spool = None if spool is None else AnswerSpool(spool)
        self._reader = PassageReader(
            chat, attempts=attempts, max_tokens=max_tokens, spool=self._spool
        )
        self._begun = MemoryNotebook()

    @property
    def fingerprint(self) -> str:
        return self._reader.fingerprint

    @property
    def paid(self) -> bool:
        return True

    def tokens(self, passage: Passage) -> tuple[int, int]:
        """About how many tokens go and come for a passage: answers are about as long as what they
        are about, each in its own way."""
        passage = in_ordinary_letters(passage)
        size = estimated_tokens(passage.embedded_text)
        asked = [*prompts.entities(passage), *prompts.triples(passage, ())]
        sent = sum(estimated_tokens(turn.content) for turn in asked)
        return sent + size // 2, 2 * size + _SHORTEST_ANSWERS

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        return self.resume(passages, self._begun)

    def resume(
        self, passages: Sequence[Passage], notebook: Notebook, claims: Claims = ordinary
    ) -> Iterator[Extraction]:
        if self._spool is not None:
            for spooled in self._spool.of([notebook.label(passage.id) for passage in passages]):
                if spooled.answer:  # else somebody who was held up may still wait for it
                    self._reader.bring_in(spooled, notebook)
        known = notebook.read([passage.id for passage in passages])
        failed = {key for key, notes in known.items() if notes.tries >= SUSPECT}
        calm = [passage for passage in passages if passage.id not in failed]
        suspects = [passage for passage in passages if passage.id in failed]
        if suspects and calm:
            self._look(suspects[0].id, notebook, claims(suspects[0].id))
        unavailable: dict[str, ModelUnavailable] = {}
        for asked in (calm, *([one] for one in suspects)):
            unavailable |= yield from self._together(asked, known, notebook, claims)
            # At a suspect the model may fail, and be there for the next.
            away = [one for one in unavailable.values() if not isinstance(one, RequestFailed)]
            if away or (unavailable and asked is calm):
                break
        if unavailable:
            raise Unanswered(unavailable)

    def _look(self, passage_id: str, notebook: Notebook, claim: Claim) -> None:
        """Ask something short before many passages: in a long outage each of them would become a
        suspect. Raises: Unanswered."""
        try:
            answered = self._reader.probe(claim)
        except CallWithdrawn:
            return
        except ModelUnavailable as error:
            raise Unanswered({passage_id: error}) from error
        notebook.add(passage_id, answered)

    def _together(
        self,
        passages: Sequence[Passage],
        known: Mapping[str, Notes],
        notebook: Notebook,
        claims: Claims,
    ) -> Generator[Extraction, None, Mapping[str, ModelUnavailable]]:
        """Several at a time, none after one that failed; return why these did, by passage id."""
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="extract")
        extract = self._reader.extract
        waiting = {
            pool.submit(extract, one, known.get(one.id), notebook, claims(one.id)): one.id
            for one in passages
        }
        unavailable: dict[str, ModelUnavailable] = {}
        try:
            for future in as_completed(waiting):
                outcome = _outcome(future)
                if isinstance(outcome, Extraction):
                    yield outcome
                elif outcome is not None:
                    unavailable[waiting[future]] = outcome
                    for other in waiting:
                        other.cancel()
        finally:
            pool.shutdown(cancel_futures=True)
        return unavailable

    def recover(
        self, open_notebook: Callable[[Label], Notebook], dead: Callable[[str], bool]
    ) -> None:
        """See `ResumableExtractor`. Raises: StoreUnavailable."""
        if self._spool is None:
            return
        for spooled in self._spool.entries():
            if spooled.label.extractor == self.fingerprint and dead(spooled.worker):
                self._reader.bring_in(spooled, open_notebook(spooled.label))


def _outcome(future: "Future[Extraction]") -> Extraction | ModelUnavailable | None:
    """A passage's extraction, or why there can be none, or None if it was not begun, or not
    finished as nobody wanted that."""
    if future.cancelled():
        return None
    try:
        return future.result()
    except CallWithdrawn:
        return None
    except ModelUnavailable as error:
        return error
