import json
from datetime import UTC, datetime

import pytest

from indexer.loaders import Limits, LoadFailure, load_bytes
from kg.records import SourceDocument


def read(text: str, name: str = "a.json", limits: Limits | None = None) -> list[object]:
    return list(load_bytes(name, text.encode(), limits=limits or Limits()))


def only(value: object) -> SourceDocument:
    (document,) = read(json.dumps(value))
    assert isinstance(document, SourceDocument), document
    return document


def refuse(text: str, name: str = "a.json") -> str:
    (failure,) = read(text, name)
    assert isinstance(failure, LoadFailure), failure
    return failure.reason


def test_a_line_is_a_document() -> None:
    lines = '{"id": "m1", "title": "T", "text": "x"}\n\n{"text": "y"}\n'
    first, second = read(lines, "a.jsonl")
    assert isinstance(first, SourceDocument)
    assert isinstance(second, SourceDocument)
    assert (first.source, first.title, first.text) == ("a.jsonl#m1", "T", "x")
    assert (second.source, second.text) == ("a.jsonl#3", "y")


def test_a_bad_line_is_named_and_the_others_go_on() -> None:
    found = read('{"text": "x"}\n{broken\n{"text": "y"}\n', "a.jsonl")
    assert [type(one) for one in found] == [SourceDocument, LoadFailure, SourceDocument]
    assert isinstance(found[1], LoadFailure)
    assert found[1].reason.startswith("line 2 of 'a.jsonl' is not JSON: Expecting property name")
    assert found[1].reason.endswith(", at column 2")


def test_a_line_separator_inside_a_text_ends_no_line() -> None:
    (document,) = read('{"text": "a\u2028b\x85c"}', "a.jsonl")
    assert isinstance(document, SourceDocument)
    assert document.text == "a\u2028b\x85c"


@pytest.mark.parametrize("field", ["text", "content", "body", "Text"])
def test_the_text_has_several_names(field: str) -> None:
    assert only({field: "x"}).text == "x"


def test_all_fields_find_their_places() -> None:
    document = only(
        {
            "text": "x",
            "title": " A\nB ",
            "id": 5,
            "source": "http://a",
            "observed_at": "2020-05-01T12:00:00+02:00",
            "metadata": {"by": "Ann", "tags": [1, None]},
            "lang": "en",
        }
    )
    assert (document.source, document.title) == ("http://a", "A B")
    assert document.observed_at == datetime(2020, 5, 1, 10, tzinfo=UTC)
    assert document.metadata == {"id": "5", "lang": "en", "by": "Ann", "tags": [1, None]}


@pytest.mark.parametrize(
    "value", ["yesterday", "2020-02-30", "20200101", 5, "0001-01-01T00:00+09:00"]
)
def test_a_time_that_is_none_is_an_error(value: object) -> None:
    assert "observed_at" in refuse(json.dumps({"text": "x", "observed_at": value}))


def test_a_date_that_is_none_is_metadata() -> None:
    assert only({"text": "x", "date": "May"}).metadata == {"date": "May"}
    assert only({"text": "x", "date": "2020-05-01"}).observed_at == datetime(2020, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ['[{"text": "x"}, {"text": "y"}]', '{"documents": [{"text": "x"}, {"text": "y"}]}']
)
def test_a_list_gives_a_document_each(text: str) -> None:
    sources = [one.source for one in read(text) if isinstance(one, SourceDocument)]
    assert sources == ["a.json#1", "a.json#2"]


def test_json_lines_under_another_name_are_read() -> None:
    assert len(read('{"text": "x"}\n{"text": "y"}\n')) == 2


@pytest.mark.parametrize(
    "text", ['{"text": ""}', '{"text": 5}', '{"title": "x"}', "{}", "5", "null"]
)
def test_an_object_without_text_is_reported(text: str) -> None:
    assert "text" in refuse(text)


@pytest.mark.parametrize("text", ["{", "[1, 2", '{"text": NaN}', "[" * 100_000])
def test_what_is_no_json_is_reported(text: str) -> None:
    assert "a.json" in refuse(text)


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    (document,) = read('{"text": "a\\ud800b", "title": "\\udc00", "k\\ud800": "v\\ud800"}')
    assert isinstance(document, SourceDocument)
    assert (document.text, document.title) == ("a\ufffdb", "\ufffd")
    assert document.metadata == {"k\ufffd": "v\ufffd"}


def test_more_lines_than_allowed_are_left_out_and_reported() -> None:
    found = read('{"text": "x"}\n' * 3, "a.jsonl", Limits(max_documents_per_file=2))
    assert [type(one) for one in found] == [SourceDocument, SourceDocument, LoadFailure]


@pytest.mark.parametrize("text", ["[]", " [ ]\n", '{"documents": []}'])
def test_a_list_without_documents_says_so(text: str) -> None:
    assert refuse(text) == "'a.json' has no documents: its list is empty."
