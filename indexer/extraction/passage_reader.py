"""Reading one passage with a chat model: first its entities are asked for, then its triples."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from indexer.extraction import prompts
from indexer.extraction.answer_spool import AnswerSpool, SpooledAnswer
from indexer.extraction.judging import ENTITIES, NOTHING, TRIPLES, judged
from indexer.extraction.letters import in_ordinary_letters
from indexer.extraction.llm_answers import EntitiesAnswer, TriplesAnswer, is_name, read
from indexer.extraction.notes import Answered, Notebook, Notes
from indexer.extraction.plain_names import MANY, plain_names
from indexer.extraction.suspects import SUSPECT, TRIES, given_up, probe
from indexer.extraction.turns import Turns
from inference.chat import (
    Claim,
    KeepableChatModel,
    Message,
    RequestFailed,
)
from inference.texts import encodable
from inference.tokens import estimated_tokens
from kg.errors import CollectionNotFound, ModelOutputInvalid, StoreUnavailable
from kg.records import Extraction, NamedEntity, Passage, Triple

_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    ENTITIES: prompts.ENTITIES_SCHEMA,
    TRIPLES: prompts.TRIPLES_SCHEMA,
}
_OFTEN = 2
"""How often a model may list nothing of a passage with many names before it is believed to be
unable to read it."""
_TOLD = 3
"""Of those names, in messages."""

_Answer = TypeVar("_Answer", EntitiesAnswer, TriplesAnswer)

_log = structlog.get_logger(__name__)


class _OverlookedError(ModelOutputInvalid):
    """A model lists nothing of a passage that plainly has a lot."""


@dataclass(kw_only=True, slots=True)
class _Account:
    """A passage's notes, where they are kept, and on what terms more are taken."""

    passage_id: str
    notes: Notes
    notebook: Notebook
    claim: Claim


class PassageReader:
    """Asks about one passage at a time, for several threads.

    An answer that is empty, cut off or does not fit its form is shown to the model with what is
    wrong and asked for again; a passage whose answers stay bad comes back with `failure` set. So
    is, once, an answer that lists nothing of a passage with many plain names. A passage at which
    the model keeps failing while it is there fails, too (see `suspects`).
    """

    def __init__(
        self, chat: KeepableChatModel, *, attempts: int, max_tokens: int, spool: AnswerSpool | None
    ) -> None:
        """attempts: for each question; max_tokens: of an answer; spool: where answers lie on their
        way into a notebook."""
        self._chat = chat
        self._attempts = attempts
        self._max_tokens = max_tokens
        self._spool = spool
        self._turns = Turns()

    @property
    def fingerprint(self) -> str:
        """Of the model and the prompts."""
        return f"llm:{self._chat.model}:{prompts.PROMPT_VERSION}"

    def extract(
        self, passage: Passage, known: Notes | None, notebook: Notebook, claim: Claim
    ) -> Extraction:
        """What the passage says, beginning with the notes that are `known` of it. Raises:
        ModelUnavailable, CallWithdrawn, StoreUnavailable."""
        passage = in_ordinary_letters(passage)
        begun = known or Notes(model=self._chat.model)
        account = _Account(passage_id=passage.id, notes=begun, notebook=notebook, claim=claim)
        entities: tuple[NamedEntity, ...] = ()
        triples: tuple[Triple, ...] = ()
        failure = ""
        try:
            entities = self._entities(passage, account)
            triples = self._triples(passage, entities, account)
        except _OverlookedError as error:
            failure = encodable(str(error))  # who lists names, but no triples, keeps the names
        except ModelOutputInvalid as error:
            entities, failure = (), encodable(str(error))
        except RequestFailed as error:
            if notebook.failed_at(passage.id) < TRIES:
                raise
            entities, failure = (), encodable(given_up(error))
        notebook.finish(passage.id)
        notes = account.notes
        return Extraction(
            passage_id=passage.id,
            extractor=self.fingerprint,
            entities=entities,
            triples=triples,
            model=notes.model,
            prompt_version=prompts.PROMPT_VERSION,
            input_tokens=notes.input_tokens,
            output_tokens=notes.output_tokens,
            raw=json.dumps(dict(notes.texts), ensure_ascii=False),
            failure=failure,
        )

    def probe(self, claim: Claim) -> Answered:
        """Ask something short, while others ask, too. Raises: ModelUnavailable, CallWithdrawn."""
        with self._turns.together():
            return probe(self._chat, claim)

    def bring_in(self, spooled: SpooledAnswer, notebook: Notebook) -> None:
        """Note an answer whose process had no time to do so, if it is whole. One at which
        something unforeseen happens is set aside, and holds up no other. Raises:
        StoreUnavailable."""
        try:
            answered = judged(
                spooled.mark,
                spooled.question,
                lambda: self._chat.read(
                    spooled.answer, max_tokens=self._max_tokens, sent=spooled.sent
                ),
            )
            if isinstance(answered, Answered):
                with suppress(CollectionNotFound):
                    notebook.add(spooled.label.passage_id, answered)
        except StoreUnavailable:
            raise
        except Exception:  # the outermost boundary of a file
            _log.exception("could not bring in an answer; it is set aside", file=str(spooled.file))
            spooled.set_aside()
        else:
            spooled.remove()

    def _entities(self, passage: Passage, account: _Account) -> tuple[NamedEntity, ...]:
        messages = prompts.entities(passage)
        answer = self._ask(messages, ENTITIES, EntitiesAnswer, passage, account)
        named = (NamedEntity(name=row.name, type=row.type) for row in answer.entities)
        return tuple(dict.fromkeys(entity for entity in named if is_name(entity.name)))

    def _triples(
        self, passage: Passage, entities: Sequence[NamedEntity], account: _Account
    ) -> tuple[Triple, ...]:
        messages = prompts.triples(passage, entities)
        answer = self._ask(messages, TRIPLES, TriplesAnswer, passage, account)
        stated = (
            Triple(subject=row.subject, relation=row.relation, object=row.object)
            for row in answer.triples
            if is_name(row.subject) and is_name(row.relation) and is_name(row.object)
        )
        return tuple(dict.fromkeys(stated))

    def _ask(
        self,
        messages: Sequence[Message],
        question: str,
        form: type[_Answer],
        passage: Passage,
        account: _Account,
    ) -> _Answer:
        """Ask until an answer fits, unless there is one. Raises: ModelOutputInvalid after the last
        attempt."""
        fault, empty = account.notes.faults.get(question, ""), 0
        for left in range(self._attempts, -1, -1):
            names = _doubts(passage) if fault == NOTHING else ()
            if account.notes.has(question) or (fault == NOTHING and not names):
                break
            empty += bool(names)
            if names and (empty == _OFTEN or not left):
                raise _OverlookedError(
                    f"The model listed no {question} for a passage that names {_listed(names)}."
                )
            if not left:
                raise ModelOutputInvalid(
                    f"No usable answer for the passage's {question} in {self._attempts} attempts. "
                    f"{fault}"
                )
            said = account.notes.texts.get(question, "")
            why = f"{fault} The passage names {_listed(names)}." if names else fault
            told: list[Message] = prompts.correction(said, why) if fault else []
            fault = self._ask_once([*messages, *told], question, account)
        return read(account.notes.texts[question], form)

    def _ask_once(self, messages: Sequence[Message], question: str, account: _Account) -> str:
        """Ask, and note the answer; return what is wrong with it, if anything is."""
        label = account.notebook.label(account.passage_id)
        sent = sum(estimated_tokens(message.content) for message in messages)
        file = None if self._spool is None else self._spool.reserve(label, question, sent=sent)
        mark, arrived = (file.mark, file.arrived) if file else (uuid.uuid4().hex, None)
        settled = False
        try:
            with self._turn(account):
                answered = judged(
                    mark,
                    question,
                    lambda: self._chat.complete(
                        messages,
                        json_schema=_SCHEMAS[question],
                        max_tokens=self._max_tokens,
                        arrived=arrived,
                        claim=account.claim,
                    ),
                )
            if isinstance(answered, Answered):
                account.notes = account.notebook.add(account.passage_id, answered)
            settled = True
            return answered.fault if isinstance(answered, Answered) else answered
        finally:
            if file is not None:  # what the store could not take waits in its file
                file.close(keep=not settled)

    @contextmanager
    def _turn(self, account: _Account) -> Iterator[None]:
        """Ask while others do; about a suspect alone, and only if the model is there, so that a
        failure is its own. Raises: ModelUnavailable, CallWithdrawn, StoreUnavailable."""
        if account.notes.tries < SUSPECT:
            with self._turns.together():
                yield
            return
        with self._turns.alone():
            answered = probe(self._chat, account.claim)
            account.notes = account.notebook.add(account.passage_id, answered)
            yield


def _doubts(passage: Passage) -> Sequence[str]:
    """The passage's names, if it has so many that an answer without any is doubted."""
    names = plain_names(passage.text)
    return names if len(names) >= MANY else ()


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _TOLD
    return ", ".join(names[:_TOLD]) + (f" and {more} others" if more > 0 else "")
