"""The default store: one SQLite file, through apsw, which brings an SQLite of its own.

`database` hands out connections and transactions, `migrations` and `queries` hold all SQL,
`commit` applies a change, `reader` yields one revision, `queue` is the durable queue, and `store`
puts them together.
"""

from kg.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
