"""The reference store: plain dictionaries, for tests and for collections that need not last.

`content` says what a change does to a collection, `reader` reads it, `queue` is the queue, and
`store` puts them together.
"""

from kg.memory.store import MemoryStore

__all__ = ["MemoryStore"]
