"""Vectors, and the library that searches them."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from kg.errors import DependencyMissing

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Unit vectors, one per row: shape (n, dimension), float32."""


def faiss_module() -> Any:
    """The module `faiss`. Raises: DependencyMissing."""
    try:
        import faiss
    except ImportError as error:
        raise DependencyMissing("faiss", "cpu") from error
    return faiss
