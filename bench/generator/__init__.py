"""Seeded corpora of any size with the statistics of a real one, without running any model.

`shape` holds the numbers; `names` draws which passage names what, `vectors` where texts lie,
`text` what they say, `graph` the triples; `tables` puts a snapshot together; `questions` asks.
"""

from bench.generator.questions import ChainQuestion, QuestionEmbedder, chain_questions
from bench.generator.shape import Shape
from bench.generator.tables import adjacency_of, model_of, write_corpus

__all__ = [
    "ChainQuestion",
    "QuestionEmbedder",
    "Shape",
    "adjacency_of",
    "chain_questions",
    "model_of",
    "write_corpus",
]
