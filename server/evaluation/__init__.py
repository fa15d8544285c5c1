"""Measuring retrieval on data sets with gold passages: `ammon eval`."""

from server.evaluation.convert import CONVERTERS, convert
from server.evaluation.dataset import Dataset, read_dataset
from server.evaluation.run import Report, evaluate
from server.evaluation.scores import check_writable, compare, read_scores, write_scores

__all__ = [
    "CONVERTERS",
    "Dataset",
    "Report",
    "check_writable",
    "compare",
    "convert",
    "evaluate",
    "read_dataset",
    "read_scores",
    "write_scores",
]
