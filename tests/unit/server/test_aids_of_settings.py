"""The aids of a process are made when they are first wanted, once."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from server.adapters import make_chat_model
from server.aids import AidCabinet, AidOptions
from server.settings import Settings

SETTINGS = Settings(
    llm_base_url="http://127.0.0.1:9/v1", reranker="sentence-transformers:any", bridges=True
)


class Reversing:
    """A reranker that likes the last best."""

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.arange(len(texts), dtype=np.float32)


def test_questions_that_come_first_together_share_what_is_made() -> None:
    made: list[str] = []

    def slowly(settings: Settings) -> Reversing:
        time.sleep(0.05)
        made.append(settings.reranker)
        return Reversing()

    cabinet = AidCabinet(SETTINGS, make_chat_model, slowly)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: cabinet.get(AidOptions(recognition=True)), range(4)))
    assert made == [SETTINGS.reranker]
    assert len({id(aids.reranker) for aids in found}) == 1
    assert len({id(aids.bridges) for aids in found}) == 1
    assert len({id(aids.recognition) for aids in found}) == 1


def test_an_aid_that_is_not_wanted_is_not_made() -> None:
    cabinet = AidCabinet(SETTINGS, make_chat_model, lambda _: Reversing())
    aids = cabinet.get(AidOptions(bridges=False, rerank=False))
    assert (aids.bridges, aids.reranker, aids.recognition) == (None, None, None)
