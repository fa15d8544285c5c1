"""What may help a search besides the snapshot: a chat model or a reranker. None is on by default.

Each aid is asked once for a question at most, remembers what it said, and may fail: then the search
goes on without it, and its result says so.
"""

from retrieval.aids.bridges import Bridges, Hints
from retrieval.aids.chat import ChatAid
from retrieval.aids.recognition import Recognition
from retrieval.aids.search import FAILED, Aids, search

__all__ = ["FAILED", "Aids", "Bridges", "ChatAid", "Hints", "Recognition", "search"]
