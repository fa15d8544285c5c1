import pytest

from indexer.loaders import Limits, LoadFailure, load_bytes
from kg.records import SourceDocument


def read(text: str, limits: Limits | None = None) -> list[SourceDocument | LoadFailure]:
    return list(load_bytes("a.csv", text.encode(), limits=limits or Limits()))


def only(text: str) -> SourceDocument:
    (document,) = read(text)
    assert isinstance(document, SourceDocument), document
    return document


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_row_with_a_text_is_a_document(delimiter: str) -> None:
    document = only("id,Title,TEXT,year\n7,Pavlov,Dogs,1904\n".replace(",", delimiter))
    assert (document.source, document.title, document.text) == ("a.csv#7", "Pavlov", "Dogs")
    assert document.metadata == {"id": "7", "year": "1904"}


def test_quoted_values_keep_delimiters_quotes_and_line_ends() -> None:
    assert (
        only('text\n"He said ""no"", then;\r\nleft, 🙂"\n').text == 'He said "no", then;\nleft, 🙂'
    )


def test_a_row_without_an_id_is_known_by_its_number() -> None:
    assert [one.source for one in read("text\nx\n\ny\n")] == ["a.csv#2", "a.csv#4"]


def test_a_source_column_names_the_source() -> None:
    assert only("source,text\nhttp://a,x\n").source == "http://a"


def test_a_bad_row_is_reported_and_the_others_go_on() -> None:
    found = read("id,text\n1,x\n2,\n3,y,z\n4,w\n")
    assert [one.source for one in found if isinstance(one, SourceDocument)] == [
        "a.csv#1",
        "a.csv#4",
    ]
    reasons = [one.reason for one in found if isinstance(one, LoadFailure)]
    assert "row 3" in reasons[0]
    assert "row 4" in reasons[1]


def test_a_table_without_a_text_column_is_one_document() -> None:
    document = only("name,born\nAda,1815\nCharles,\n")
    assert document.text == "name: Ada; born: 1815\nname: Charles"


def test_more_rows_than_allowed_are_left_out_and_reported() -> None:
    found = read("text\na\nb\nc\n", Limits(max_documents_per_file=2))
    assert [type(one) for one in found] == [SourceDocument, SourceDocument, LoadFailure]


def test_a_long_value_is_read() -> None:
    assert len(only(f"text\n{'x' * 200_000}\n").text) == 200_000


def test_an_open_quotation_mark_does_no_harm() -> None:
    assert only('text\n"never closed\nmore').text == "never closed\nmore"


def test_an_empty_file_is_reported() -> None:
    (failure,) = read("\n \n")
    assert isinstance(failure, LoadFailure)
