"""Counting a model's tokens, with its tokenizer or without."""

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
    """A tokenizer.json that neither cuts nor pads. Raises: WeightsInvalid."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise WeightsInvalid(f"{path} is no tokenizer: {error}. Copy the model anew.") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is to a large model."""
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_A_TOKEN)


class TokenCounter:
    """Counts by a model's tokenizer.json, or by bytes where there is none."""

    def __init__(self, tokenizer: Path | None) -> None:
        self._path = tokenizer
        self._lock = Lock()
        self._tokenizer: Tokenizer | None = None

    def count(self, text: str) -> int:
        """Number of tokens, special ones left out."""
        tokenizer = self._opened()
        if tokenizer is not None:
            return len(tokenizer.encode(encodable(text), add_special_tokens=False).ids)
        return estimated_tokens(text)

    def cut(self, text: str, tokens: int) -> str:
        """The beginning of a text, so many tokens long."""
        tokenizer = self._opened()
        if tokenizer is None:
            data = text.encode("utf-8", "replace")[: tokens * _BYTES_A_TOKEN]
            return data.decode("utf-8", "ignore")
        offsets = tokenizer.encode(encodable(text), add_special_tokens=False).offsets
        return text if len(offsets) <= tokens else text[: offsets[tokens - 1][1]]

    def _opened(self) -> "Tokenizer | None":
        with self._lock:
            if self._tokenizer is None and self._path is not None:
                self._tokenizer = open_tokenizer(self._path)
            return self._tokenizer
