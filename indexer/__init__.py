"""Offline: documents -> passages -> triples -> graph -> snapshot.

Pure steps, each in a file of its own, and a pipeline and a worker that put them in order.
"""
