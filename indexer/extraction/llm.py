"""Extraction by a chat model: two questions a passage, first for entities, then for triples."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from indexer.extraction import prompts
from indexer.extraction.aside import NotesAside
from indexer.extraction.llm_answers import EntitiesAnswer, TriplesAnswer, is_name, read
from indexer.extraction.notes import MemoryNotebook, Notebook, Notes
from inference.chat import AnswerUnusable, ChatModel, Message
from inference.texts import encodable
from inference.tokens import estimated_tokens
from kg.errors import ModelOutputInvalid, ModelUnavailable
from kg.records import Extraction, NamedEntity, Passage, Triple

_SHORTEST_ANSWERS = 60
"""Tokens of the two answers to a passage of a few words."""

_Answer = TypeVar("_Answer", bound=BaseModel)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Account:
    """A passage's notes, and where they are kept."""

    passage_id: str
    notes: Notes
    notebook: Notebook

    def add(self, question: str, text: str, used: tuple[int, int], fault: str = "") -> None:
        """Note an answer, the tokens in and out that it took, and why it cannot be used."""
        notes = self.notes
        notes.texts[question] = encodable(text)
        notes.faults.pop(question, None)
        if fault:
            notes.faults[question] = encodable(fault)
        notes.input_tokens += used[0]
        notes.output_tokens += used[1]
        self.notebook.write(self.passage_id, notes)


class LLMExtractor:
    """Asks a chat model, several passages at a time.

    An answer that is empty, cut off or does not fit its form is shown to the model with what is
    wrong and asked for again; a passage whose answers stay bad comes back with `failure` set. If
    the model's endpoint goes away, the passages that are done come first, then the error.
    """

    def __init__(
        self,
        chat: ChatModel,
        *,
        concurrency: int = 4,
        attempts: int = 3,
        max_tokens: int = 2048,
        aside: Path | None = None,
    ) -> None:
        """concurrency: passages at once; attempts: for each question; max_tokens: of an answer;
        aside: a folder of this machine's for answers on their way into a notebook."""
        self._chat = chat
        self._concurrency = concurrency
        self._attempts = attempts
        self._max_tokens = max_tokens
        self._aside = aside
        self._begun = MemoryNotebook()

    @property
    def fingerprint(self) -> str:
        return f"llm:{self._chat.model}:{prompts.PROMPT_VERSION}"

    @property
    def paid(self) -> bool:
        return True

    def tokens(self, passage: Passage) -> tuple[int, int]:
        """About how many tokens go and come for a passage: answers are about as long as what they
        are about, each in its own way."""
        size = estimated_tokens(passage.embedded_text)
        asked = [*prompts.entities(passage), *prompts.triples(passage, ())]
        sent = sum(estimated_tokens(turn.content) for turn in asked)
        return sent + size // 2, 2 * size + _SHORTEST_ANSWERS

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        return self.resume(passages, self._begun)

    def resume(self, passages: Sequence[Passage], notebook: Notebook) -> Iterator[Extraction]:
        if self._aside is not None:
            notebook = NotesAside(notebook=notebook, folder=self._aside, extractor=self.fingerprint)
        known = notebook.read([passage.id for passage in passages])
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="extract")
        waiting = [
            pool.submit(self._extract, passage, known.get(passage.id), notebook)
            for passage in passages
        ]
        unavailable: ModelUnavailable | None = None
        try:
            for future in as_completed(waiting):
                outcome = _outcome(future)
                if isinstance(outcome, Extraction):
                    yield outcome
                elif outcome is not None and unavailable is None:
                    unavailable = outcome
                    for other in waiting:
                        other.cancel()
        finally:
            pool.shutdown(cancel_futures=True)
        if unavailable is not None:
            raise unavailable

    def _extract(self, passage: Passage, known: Notes | None, notebook: Notebook) -> Extraction:
        notes = known or Notes(model=self._chat.model)
        account = _Account(passage_id=passage.id, notes=notes, notebook=notebook)
        entities: tuple[NamedEntity, ...] = ()
        triples: tuple[Triple, ...] = ()
        failure = ""
        try:
            entities = self._entities(passage, account)
            triples = self._triples(passage, entities, account)
        except ModelOutputInvalid as error:
            failure = encodable(str(error))
        notebook.finish(passage.id)
        return Extraction(
            passage_id=passage.id,
            extractor=self.fingerprint,
            entities=entities if not failure else (),
            triples=triples,
            model=notes.model,
            prompt_version=prompts.PROMPT_VERSION,
            input_tokens=notes.input_tokens,
            output_tokens=notes.output_tokens,
            raw=json.dumps(notes.texts, ensure_ascii=False),
            failure=failure,
        )

    def _entities(self, passage: Passage, account: _Account) -> tuple[NamedEntity, ...]:
        messages = prompts.entities(passage)
        answer = self._ask(messages, prompts.ENTITIES_SCHEMA, EntitiesAnswer, "entities", account)
        named = (NamedEntity(name=row.name, type=row.type) for row in answer.entities)
        return tuple(dict.fromkeys(entity for entity in named if is_name(entity.name)))

    def _triples(
        self, passage: Passage, entities: Sequence[NamedEntity], account: _Account
    ) -> tuple[Triple, ...]:
        messages = prompts.triples(passage, entities)
        answer = self._ask(messages, prompts.TRIPLES_SCHEMA, TriplesAnswer, "triples", account)
        stated = (
            Triple(subject=row.subject, relation=row.relation, object=row.object)
            for row in answer.triples
            if is_name(row.subject) and is_name(row.relation) and is_name(row.object)
        )
        return tuple(dict.fromkeys(stated))

    def _ask(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        form: type[_Answer],
        question: str,
        account: _Account,
    ) -> _Answer:
        """Ask until an answer fits, unless there is one. Raises: ModelOutputInvalid after the last
        attempt."""
        notes = account.notes
        fault = notes.faults.get(question, "")
        if question in notes.texts and not fault:
            return read(notes.texts[question], form)
        for _ in range(self._attempts):
            told = prompts.correction(notes.texts.get(question, ""), fault) if fault else []
            try:
                reply = self._chat.complete(
                    [*messages, *told], json_schema=schema, max_tokens=self._max_tokens
                )
            except AnswerUnusable as error:
                fault = str(error)
                account.add(question, error.text, (error.input_tokens, error.output_tokens), fault)
                continue
            except ModelOutputInvalid as error:
                fault = str(error)
                continue
            notes.model = encodable(reply.model)
            used = (reply.input_tokens, reply.output_tokens)
            try:
                answer = read(reply.text, form)
            except ModelOutputInvalid as error:
                fault = str(error)
                account.add(question, reply.text, used, fault)
                continue
            account.add(question, reply.text, used)
            return answer
        raise ModelOutputInvalid(
            f"No usable answer for the passage's {question} in {self._attempts} attempts. {fault}"
        )


def _outcome(future: "Future[Extraction]") -> Extraction | ModelUnavailable | None:
    """A passage's extraction, or why there can be none, or None if it was not begun."""
    if future.cancelled():
        return None
    try:
        return future.result()
    except ModelUnavailable as error:
        return error
