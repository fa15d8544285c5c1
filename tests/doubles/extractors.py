"""An extractor without a model, for tests of what happens around one."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from kg.records import Extraction, NamedEntity, Passage, Triple

_NAME = re.compile(r"[^\W\d_]*[A-ZА-Я]\w+")


def _succeed(_: Passage) -> str:
    return ""


class ScriptedExtractor:
    """Takes capitalised words for entities, and links each with the next one.

    `script` is called before each passage: it may raise, wait, write down that it was called, or
    return why the extraction fails.
    """

    def __init__(
        self,
        script: Callable[[Passage], str] = _succeed,
        *,
        fingerprint: str = "scripted",
        paid: bool = False,
        relation: str = "precedes",
    ) -> None:
        self.script = script
        self.calls: list[str] = []
        """The texts of the passages that it was asked for, in order."""
        self._fingerprint = fingerprint
        self._paid = paid
        self._relation = relation

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    @property
    def paid(self) -> bool:
        return self._paid

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        for passage in passages:
            self.calls.append(passage.text)
            failure = self.script(passage)
            names = [] if failure else _NAME.findall(passage.text)
            yield Extraction(
                passage_id=passage.id,
                extractor=self._fingerprint,
                entities=tuple(NamedEntity(name=name, type="name") for name in names),
                triples=tuple(
                    Triple(subject=one, relation=self._relation, object=other)
                    for one, other in pairwise(names)
                    if one != other
                ),
                failure=failure,
            )
