"""Function words: a name is never made of these alone."""

from functools import cache

from inference.spacy_models import stop_words
from kg.tokens import normal_form

_LANGUAGES = ("en", "ru", "ar", "zh")
"""English, and one language of each other script whose words could be taken for names."""


def is_function_word(form: str) -> bool:
    """Whether a token's normal form is a function word (spaCy's lists)."""
    return form in _function_words()


@cache
def _function_words() -> frozenset[str]:
    words: set[str] = set()
    for language in _LANGUAGES:
        words.update(normal_form(word) for word in stop_words(language))
    return frozenset(words)
