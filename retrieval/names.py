"""The names that a question mentions, for modes that look them up in the graph."""

import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from inference import spacy_models
from inference.folding import folded
from inference.texts import encodable
from kg.names import surface

if TYPE_CHECKING:
    from spacy.language import Language

_NOT_NAMES = frozenset({"CARDINAL", "ORDINAL", "PERCENT", "QUANTITY", "TIME", "MONEY"})
_UNUSED = ["tagger", "parser", "attribute_ruler", "lemmatizer"]
_QUOTED = re.compile(
    r"[\"“”„«»「」『』《》〈〉‹›]([^\"“”„«»「」『』《》〈〉‹›]+)[\"“”„«»「」『』《》〈〉‹›]"
)
_WORD = re.compile(r"\w+(?:[.'’ʼ\uff07-]\w+)*")
_POSSESSIVE = re.compile(r"['’ʼ\uff07][sS]$")


class NameFinder:
    """spaCy's entities; if it finds none, and in non-Latin scripts, names recognised by their
    spelling. Full-width and other forms of letters are read as ordinary ones."""

    def __init__(self, model: str = spacy_models.DEFAULT_MODEL) -> None:
        """`model` is an installed spaCy pipeline with named entities, loaded at first use."""
        self._model = model
        self._nlp: Language | None = None
        self._lock = threading.Lock()
        self.names: Callable[[str], tuple[str, ...]] = lru_cache(maxsize=1024)(self._names)
        """The names in a question, each once, in order; remembered for recent questions."""

    def _names(self, question: str) -> tuple[str, ...]:
        question = folded(question)
        found = self._entities(question) if _mostly_latin(question) else []
        names = [surface(name) for name in found or names_by_spelling(question)]
        return tuple(dict.fromkeys(name for name in names if name))

    def _entities(self, question: str) -> list[str]:
        with self._lock:  # a pipeline is not safe for two threads at once
            doc = self._pipeline()(encodable(question))
            return [entity.text for entity in doc.ents if entity.label_ not in _NOT_NAMES]

    def _pipeline(self) -> "Language":
        if self._nlp is None:
            self._nlp = spacy_models.pipeline(self._model, without=_UNUSED)
        return self._nlp


def _mostly_latin(text: str) -> bool:
    """Whether most letters are Latin: the English pipeline cannot handle other scripts."""
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(char < "\u0250" for char in letters) > len(letters)


def names_by_spelling(question: str) -> list[str]:
    """Names in any language: text in quotation marks, and runs of capitalised words.

    A single capitalised word at the very beginning is no name: most questions begin with one.
    """
    quoted = [match.group(1) for match in _QUOTED.finditer(question)]
    rest = _QUOTED.sub(lambda match: "?" * len(match.group()), question)
    runs: list[tuple[int, int]] = []
    for word in _WORD.finditer(rest):
        start, end = word.span()
        if not rest[start].isupper():
            continue
        if runs and rest[runs[-1][1] : start].isspace():
            runs[-1] = runs[-1][0], end
        else:
            runs.append((start, end))
    spans = [rest[start:end] for start, end in runs]
    if spans and " " not in spans[0] and not rest[: runs[0][0]].strip("¿¡ "):
        del spans[0]
    return quoted + [_POSSESSIVE.sub("", span) for span in spans]
