"""The port to rerankers: models that read a question and a passage together."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Reranker(Protocol):
    """Says how well passages answer a question. Safe for several threads."""

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One number for each text, (len(texts),); the higher, the better it answers.

        Only their order means something. Raises: ModelError, DependencyMissing.
        """
        ...
