"""The knowledge graph: records, ids, ports, stores and the snapshot format.

This room knows nothing of the others. Truth (collections, documents, passages, extractions,
jobs) is written through the ports in `kg.store` and `kg.queue`; everything else is derived from it.
"""
