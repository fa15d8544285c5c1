"""The knowledge graph: records, ids, ports, stores and the snapshot format.

This package depends on none of the others. Truth (collections, documents, passages, extractions,
jobs) is written through the ports in `kg.store` and `kg.queue`; everything else is derived from it.
"""
