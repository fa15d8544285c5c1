"""Offline: documents -> passages -> triples -> graph -> snapshot.

A folder for each stage, in order: `loaders`, `intake`, `ingestion` (by means of `extraction`),
`snapshot`. `Pipeline` composes them; `Worker` runs them in threads of one process, and `flow` by
messages among many.
"""
