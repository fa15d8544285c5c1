"""Extraction: what a passage names (entities) and says (triples).

One port, `Extractor`; three ways: `spacy` (no key, no download), `llm` (any OpenAI-compatible
endpoint), `precomputed` (a JSONL file that another tool made).
"""

from indexer.extraction.port import Extractor

__all__ = ["Extractor"]
