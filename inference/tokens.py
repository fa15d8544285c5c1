"""Counting a model's tokens, exactly with its tokenizer or by an estimate."""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from inference.texts import encodable
from kg.errors import WeightsInvalid

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BYTES_A_TOKEN = 4
"""A rule of thumb that holds for English and for Chinese with the tokenizers of large models."""


def open_tokenizer(path: Path) -> "Tokenizer":
    """Open a tokenizer.json, with truncation and padding turned off. Raises: WeightsInvalid."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise WeightsInvalid(
            f"{path} is not a valid tokenizer: {error}. Copy the model again."
        ) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def estimated_tokens(text: str) -> int:
    """Estimated number of tokens of a text for a large model."""
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN)


def cut_by_estimate(text: str, tokens: int) -> str:
    """The beginning of a text, about `tokens` tokens long."""
    data = text.encode("utf-8", "replace")[: tokens * _BYTES_A_TOKEN]
    return data.decode("utf-8", "ignore")


class TokenCounter:
    """Counts by a model's tokenizer.json, which is read when it is first needed."""

    def __init__(self, tokenizer: Path) -> None:
        self._path = tokenizer
        self._lock = Lock()
        self._tokenizer: Tokenizer | None = None

    def count(self, text: str) -> int:
        """The number of tokens, not counting special tokens."""
        return len(self._opened().encode(encodable(text), add_special_tokens=False).ids)

    def _opened(self) -> "Tokenizer":
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = open_tokenizer(self._path)
            return self._tokenizer
