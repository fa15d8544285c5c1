"""Running a spaCy pipeline over a few texts, without spaCy's own loop over a parser's steps.

That loop lets go of the interpreter's lock and takes it again some seven hundred times a token,
whenever it looks at a state, which is half of the time that entities take; where other threads
work it waits for each of them besides. The same steps from here, by the parser's own methods, need
no more than the lock that we hold, and give the same parse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from inference.batches import packed

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_TOGETHER = 16
"""Texts whose tokens get their vectors together; those of more do not stay in the processor's
cache."""
_PARSED_TOKENS = 8192
"""Texts that are parsed together have no more tokens, for a parser takes 4 KB for each."""


def parsed(nlp: Language, texts: Sequence[str]) -> list[Doc]:
    """The texts with all that the pipeline finds in them; there must be a token in each."""
    from spacy.pipeline import DependencyParser, EntityRecognizer

    docs = [nlp.make_doc(text) for text in texts]
    component: Any
    for _, component in nlp.pipeline:
        parses = isinstance(component, DependencyParser | EntityRecognizer)
        if parses and component.cfg["beam_width"] == 1:
            # Those of similar length take as many steps.
            for some in packed(sorted(docs, key=len), _PARSED_TOKENS):
                _parse(component, some)
        else:
            docs = list(component.pipe(docs, batch_size=_TOGETHER))
    return docs


def _parse(parser: Any, docs: Sequence[Doc]) -> None:
    """What a parser or an entity recogniser finds: the best action of each state, step by step."""
    states = parser.moves.init_batch(docs)
    model = parser.model.predict(docs)
    unfinished = [state for state in states if not state.is_final()]
    while unfinished:
        unfinished = parser.transition_states(unfinished, model.predict(unfinished))
    model.clear_memory()
    parser.set_annotations(docs, states)
