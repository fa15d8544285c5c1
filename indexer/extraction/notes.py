"""A model's answers for an unfinished passage: saved at once, so that a crash between two questions
loses no paid answer, and each answer is counted once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias, runtime_checkable

from inference.chat import ORDINARY, Claim
from inference.texts import encodable
from kg.jobs import UNKNOWN, Prices
from kg.records import Extraction, Passage

_MARKS = 32
"""Answers to a passage that are remembered as counted: the last ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An answer to a question about a passage, and its cost."""

    mark: str
    """Its own name: an answer that comes twice is the same one."""
    question: str
    """'' if it is to none about the passage: then only what it took is noted."""
    text: str
    fault: str = ""
    """Why it cannot be used; '' if it can."""
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Notes:
    """What a passage's calls have returned and cost so far."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    texts: Mapping[str, str] = field(default_factory=dict)
    """Question -> the last answer to it, as it came, or the first that can be used."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """Why that answer cannot be used, where it cannot."""
    marks: tuple[str, ...] = ()
    """Of the answers that are in here, or were when the passage was done before."""
    tries: int = 0
    """How often in a row the model failed at a question, since its last answer."""

    def has(self, question: str) -> bool:
        """Whether there is an answer that can be used."""
        return question in self.texts and question not in self.faults

    def __add__(self, answer: Answered) -> "Notes":
        """With one answer more, however often it is added."""
        if answer.mark in self.marks:
            return self
        counted = replace(
            self,
            input_tokens=self.input_tokens + answer.input_tokens,
            output_tokens=self.output_tokens + answer.output_tokens,
            marks=(*self.marks, answer.mark)[-_MARKS:],
        )
        question = answer.question
        if not question or self.has(question):  # another process asked too, as this was held up
            return counted
        faults = {key: why for key, why in self.faults.items() if key != question}
        if answer.fault:
            faults[question] = encodable(answer.fault)
        return replace(
            counted,
            model=encodable(answer.model) or self.model,
            texts={**self.texts, question: encodable(answer.text)},
            faults=faults,
            tries=0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """All that somebody needs to know who finds an answer lying about, to bring it in."""

    passage_id: str
    collection: str = ""
    extractor: str = ""
    task: str = ""
    """The task whose job bears the answer's cost; '' if none."""
    price_input: float = 0.0
    price_output: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Payer:
    """Who bears what the answers to a passage take."""

    task: str
    prices: Prices = UNKNOWN


class Notebook(Protocol):
    """Keeps notes. Safe for several threads."""

    def read(self, passage_ids: Sequence[str]) -> Mapping[str, Notes]:
        """The notes on those of these passages that were begun and not finished."""
        ...

    def add(self, passage_id: str, answer: Answered) -> Notes:
        """Keep an answer, and count what it took, once; return all notes on its passage."""
        ...

    def failed_at(self, passage_id: str) -> int:
        """The model failed at a question about this passage; return how often it did in a row."""
        ...

    def label(self, passage_id: str) -> Label:
        """Where an answer to this passage belongs."""
        ...

    def finish(self, passage_id: str) -> None:
        """The passage's extraction is there: what was noted on the way is not needed any more."""
        ...


Claims: TypeAlias = Callable[[str], Claim]
"""Passage id -> on what terms questions about it are asked."""


def ordinary(_: str) -> Claim:
    """The terms of those who know no others."""
    return ORDINARY


@runtime_checkable
class ResumableExtractor(Protocol):
    """An extractor that asks several questions a passage, and can go on where another one of its
    fingerprint ended."""

    def resume(
        self, passages: Sequence[Passage], notebook: Notebook, claims: Claims = ordinary
    ) -> Iterator[Extraction]:
        """As `Extractor.extract`; each answer is in the notebook before the next question. A
        passage about which a question is not wanted any more is left out."""
        ...

    def recover(
        self, open_notebook: Callable[[Label], Notebook], dead: Callable[[str], bool]
    ) -> None:
        """Bring in the answers that `dead` workers of this machine left behind."""
        ...


class MemoryNotebook:
    """Notes that end with the process."""

    def __init__(self) -> None:
        self._notes: dict[str, Notes] = {}

    def read(self, passage_ids: Sequence[str]) -> Mapping[str, Notes]:
        return {key: self._notes[key] for key in passage_ids if key in self._notes}

    def add(self, passage_id: str, answer: Answered) -> Notes:
        self._notes[passage_id] = self._notes.get(passage_id, Notes()) + answer
        return self._notes[passage_id]

    def failed_at(self, passage_id: str) -> int:
        before = self._notes.get(passage_id, Notes())
        self._notes[passage_id] = replace(before, tries=before.tries + 1)
        return self._notes[passage_id].tries

    def label(self, passage_id: str) -> Label:
        return Label(passage_id=passage_id)

    def finish(self, passage_id: str) -> None:
        self._notes.pop(passage_id, None)
