"""HippoRAG 2's graph: entities and passages as nodes, undirected weighted edges.

Weights as published (arXiv 2502.14802 and its code): two entities of a triple, 2 for each passage
that states it (one in each direction); a passage and each entity of its triples, 1; synonyms, their
cosine, once for each side that has the other in its list, in place of a triple's weight. Entities
that no triple names stay isolated, though they may have synonyms.
"""

from typing import TYPE_CHECKING

import numpy as np

from kg.snapshot.tables import Adjacency, BoolArray, Facts, Synonyms

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def hipporag_adjacency(facts: Facts, synonyms: Synonyms, entities: int, passages: int) -> Adjacency:
    """The CSR matrix over E + P nodes; symmetric, neighbours ascending."""
    from scipy.sparse import coo_matrix, csr_matrix

    nodes = entities + passages
    stated = np.diff(facts.passages.indptr)
    triples = coo_matrix(
        (2.0 * stated, (facts.subject, facts.object)), shape=(nodes, nodes)
    ).tocsr()
    named = np.zeros(nodes, dtype=np.bool_)
    named[facts.subject] = named[facts.object] = True
    links = _symmetric(synonyms, named, nodes)
    related = triples + triples.T
    related.setdiag(0)
    related.eliminate_zeros()
    overwritten = related.multiply(links.astype(np.bool_))
    related = related - overwritten + links

    support = entities + facts.passages.items
    subject, object_ = np.repeat(facts.subject, stated), np.repeat(facts.object, stated)
    ends = np.concatenate([subject, object_]), np.concatenate([support, support])
    mentions = coo_matrix((np.ones(len(ends[0])), ends), shape=(nodes, nodes)).tocsr()
    mentions.data[:] = 1.0
    graph = csr_matrix(related + mentions + mentions.T)
    graph.sum_duplicates()
    graph.eliminate_zeros()
    graph.sort_indices()
    return Adjacency(
        indptr=graph.indptr.astype(np.int64),
        indices=graph.indices.astype(np.int32),
        weights=graph.data.astype(np.float32),
    )


def _symmetric(synonyms: Synonyms, named: BoolArray, nodes: int) -> "csr_matrix[np.float64]":
    from scipy.sparse import coo_matrix

    kept = named[synonyms.source] & named[synonyms.target]
    directed = coo_matrix(
        (synonyms.score[kept].astype(np.float64), (synonyms.source[kept], synonyms.target[kept])),
        shape=(nodes, nodes),
    ).tocsr()
    return directed + directed.T
