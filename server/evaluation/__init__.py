"""Measuring retrieval on data with gold passages: `ammon eval`."""

from server.evaluation.convert import CONVERTERS, convert
from server.evaluation.dataset import Dataset, read_dataset
from server.evaluation.run import Report, evaluate

__all__ = ["CONVERTERS", "Dataset", "Report", "convert", "evaluate", "read_dataset"]
