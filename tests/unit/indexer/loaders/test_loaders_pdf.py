from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from indexer.loaders import Limits, LoadFailure, load_bytes
from kg.records import SourceDocument

MakePdf = Callable[..., bytes]


def read(data: bytes) -> SourceDocument:
    (document,) = load_bytes("a.pdf", data)
    assert isinstance(document, SourceDocument), document
    return document


def refuse(data: bytes, name: str = "a.pdf", limits: Limits | None = None) -> str:
    (failure,) = load_bytes(name, data, limits=limits or Limits())
    assert isinstance(failure, LoadFailure), failure
    return failure.reason


def test_each_page_is_a_section_with_its_number(make_pdf: MakePdf) -> None:
    document = read(make_pdf(["First page."], ["Second page."]))
    assert [(one.page, document.text[one.start : one.end]) for one in document.sections] == [
        (1, "First page."),
        (2, "Second page."),
    ]


def test_an_empty_page_between_does_not_shift_the_numbers(make_pdf: MakePdf) -> None:
    document = read(make_pdf(["One."], [], ["Three."]))
    assert [one.page for one in document.sections] == [1, 3]


def test_lines_that_fill_the_page_are_joined(make_pdf: MakePdf) -> None:
    document = read(
        make_pdf(["The dogs of the laboratory were", "fed by hand every day, and", "grew."])
    )
    assert document.text == "The dogs of the laboratory were fed by hand every day, and grew."


def test_short_lines_and_headings_stand_alone(make_pdf: MakePdf) -> None:
    page = [
        "The dogs",
        "The dogs of the laboratory were fed by",
        "hand every day, and grew.",
        "Work",
        "They were measured again in the spring.",
        "Prizes",
        "There were none for the dogs, of course.",
    ]
    assert read(make_pdf(page, title="The dogs")).text.split("\n\n") == [
        "The dogs of the laboratory were fed by hand every day, and grew.",
        "Work",
        "They were measured again in the spring.",
        "Prizes",
        "There were none for the dogs, of course.",
    ]


def test_the_title_comes_from_the_properties(make_pdf: MakePdf) -> None:
    assert read(make_pdf(["x"], title="Conditioned Reflexes")).title == "Conditioned Reflexes"


@pytest.mark.parametrize("title", ["", "untitled", "Microsoft Word - thesis.doc", "thesis.tex"])
def test_a_title_that_a_program_made_gives_way_to_the_name(make_pdf: MakePdf, title: str) -> None:
    assert read(make_pdf(["x"], title=title)).title == "a"


def test_an_encrypted_file_is_called_so(make_pdf: MakePdf) -> None:
    assert "encrypted" in refuse(make_pdf(["Secret."], password="key"))


def test_a_file_of_pictures_is_told_to_be_recognised(make_pdf: MakePdf) -> None:
    assert "OCR" in refuse(make_pdf([], []))


@pytest.mark.parametrize("data", [b"%PDF-1.7\nbroken", b"hello", b"\x00" * 99])
def test_a_broken_file_is_called_so(data: bytes) -> None:
    assert "not a PDF" in refuse(data)


def test_a_file_that_is_cut_off_does_no_harm(make_pdf: MakePdf) -> None:
    data = make_pdf(["One."], ["Two."])
    for length in range(0, len(data), len(data) // 12):
        (found,) = load_bytes("a.pdf", data[:length])
        assert found.source == "a.pdf"


def test_too_many_pages_are_refused(make_pdf: MakePdf) -> None:
    assert "3 pages" in refuse(make_pdf(["1"], ["2"], ["3"]), limits=Limits(max_pages=2))


def test_a_pdf_under_another_name_is_read_as_one(make_pdf: MakePdf) -> None:
    (document,) = load_bytes("a.txt", make_pdf(["Words."]))
    assert isinstance(document, SourceDocument)
    assert document.media_type == "application/pdf"


def test_several_threads_read_at_once(make_pdf: MakePdf) -> None:
    data = make_pdf(*([f"Page {number}."] for number in range(20)))
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: read(data).text, range(16)))) == 1
