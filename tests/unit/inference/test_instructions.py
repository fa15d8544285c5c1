"""What embedding models want before a text."""

import pytest

from inference.instructions import suffix, wanted_by


@pytest.mark.parametrize(
    ("model", "query", "passage"),
    [
        ("intfloat/e5-small-v2", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large", "query: ", "passage: "),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("sentence-transformers/all-MiniLM-L6-v2", "", ""),
        ("text-embedding-3-small", "", ""),
        ("/models/route5/model.onnx", "", ""),
        ("", "", ""),
    ],
)
def test_a_family_is_known_by_its_name(model: str, query: str, passage: str) -> None:
    wanted = wanted_by(model)
    assert (wanted.get("query", ""), wanted.get("passage", "")) == (query, passage)


@pytest.mark.parametrize(
    "model", ["intfloat/multilingual-e5-large-instruct", "Qwen/Qwen3-Embedding-0.6B"]
)
def test_a_model_of_tasks_is_told_whether_passages_or_facts_are_sought(model: str) -> None:
    wanted = wanted_by(model)
    assert "retrieve passages" in wanted["query"]
    assert "retrieve facts" in wanted["query_to_fact"]
    assert "passage" not in wanted


def test_instructions_are_part_of_a_model_s_name() -> None:
    assert suffix({}) == suffix({"query": ""}) == ""
    assert suffix({"query": "q: "}) != suffix({"query": "p: "})
