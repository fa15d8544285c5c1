"""Optional aids to a search: a chat model or a reranker. All are off by
default.

Each aid is called at most once per question and caches its answer. If it fails, the search
continues without it, and the result says so.
"""

from retrieval.aids.bridges import Bridges, Hints
from retrieval.aids.chat import ChatAid
from retrieval.aids.recognition import Recognition
from retrieval.aids.search import FAILED, Aids, search

__all__ = ["FAILED", "Aids", "Bridges", "ChatAid", "Hints", "Recognition", "search"]
