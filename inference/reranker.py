"""The port to rerankers: models that read a question and a passage together."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Reranker(Protocol):
    """Scores how well passages answer a question. Safe for several threads."""

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """A score for each text, (len(texts),), higher for better answers.

        Only the order is meaningful. Raises: ModelError, DependencyMissing.
        """
        ...
