"""Optional aids to a search besides the snapshot: a chat model or a reranker. All are off by
default.

Each aid is called at most once for a question, caches its answer, and may fail: then the search
continues without it, and the result says so.
"""

from retrieval.aids.bridges import Bridges, Hints
from retrieval.aids.chat import ChatAid
from retrieval.aids.recognition import Recognition
from retrieval.aids.search import FAILED, Aids, search

__all__ = ["FAILED", "Aids", "Bridges", "ChatAid", "Hints", "Recognition", "search"]
