"""Queued documents into the graph: cut into passages, extracted, committed.

`Ingester` puts these steps in order, for a batch of documents (`work`) at a time. Documents that
wait for a chat model come in as `drafts` before it has read them.
"""
