"""Function words."""

import pytest

from indexer.snapshot.stopwords import is_function_word
from kg.tokens import normal_form


@pytest.mark.parametrize("word", ["The", "of", "where", "это", "который", "هذا", "في", "的"])
def test_function_words_of_each_script_are_known(word: str) -> None:
    assert is_function_word(normal_form(word))


@pytest.mark.parametrize("word", ["Hebb", "octopus", "Москва", "القاهرة", "京", "1953"])
def test_other_words_are_not(word: str) -> None:
    assert not is_function_word(normal_form(word))
