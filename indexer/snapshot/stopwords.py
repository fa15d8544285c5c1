"""Function words: a name is never made of these alone."""

from functools import cache

_LANGUAGES = ("en", "ru", "ar", "zh")
"""English, and one language of each other script whose words could be taken for names."""


def is_function_word(form: str) -> bool:
    """Whether a token's normal form is a function word (spaCy's lists)."""
    return form in _function_words()


@cache
def _function_words() -> frozenset[str]:
    from importlib import import_module

    from kg.tokens import normal_form

    words: set[str] = set()
    for language in _LANGUAGES:
        listed = import_module(f"spacy.lang.{language}.stop_words").STOP_WORDS
        words.update(normal_form(word) for word in listed)
    return frozenset(words)
