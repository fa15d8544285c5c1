"""The store for servers: a Neo4j database, which people open in Neo4j Browser.

`database` hands out transactions, `presence` knows whether the server is there, `queries` holds all
Cypher, `work` runs it by name, `commit` applies a change, `reader` yields one revision, `queue` is
the durable queue, and `store` puts them together.

How several writers and readers get along. Neo4j shows a reader what is committed, record by record,
even while a transaction is only half applied: nothing but a lock orders things. So

- whoever changes a collection first locks its node (by writing to it), and a transaction's locks
  are let go once all of it is applied;
- a reader notes the collection's version under that lock, reads everything without it, and looks
  again under the lock: if the version is another, it reads again, and after a few times in vain it
  keeps the lock while it reads (`reading`);
- whoever changes tasks, or makes or removes collections, locks the one node `:Ammon`. A commit
  takes that lock last, after its collection's, and for a moment only;
- whoever adds to a job's sums locks the job's node. That is the last lock of all: so what an answer
  cost is counted without the lock of all, which everybody else would wait for meanwhile.
"""

from kg.neo4j.store import Neo4jStore

__all__ = ["Neo4jStore"]
