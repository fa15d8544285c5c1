"""Learning codes leaves FAISS as it was."""

import faiss
import numpy as np
import pytest

from kg.codes import Codes


@pytest.mark.parametrize("number", [0.5, np.nan])
def test_faiss_has_its_threads_back_whether_codes_are_learnt_or_not(number: float) -> None:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        vectors = np.full((64, 12), number, dtype=np.float32)
        if np.isnan(number):
            with pytest.raises(RuntimeError, match="NaN"):
                Codes.learn(vectors)
        else:
            Codes.learn(vectors)
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(before)
