import io
import zipfile
from collections.abc import Callable

from indexer.loaders import Limits, LoadFailure, load_bytes
from kg.records import SourceDocument

MakeDocx = Callable[..., bytes]


def read(data: bytes) -> SourceDocument:
    (document,) = load_bytes("a.docx", data)
    assert isinstance(document, SourceDocument), document
    return document


def refuse(data: bytes, limits: Limits | None = None) -> str:
    (failure,) = load_bytes("a.docx", data, limits=limits or Limits())
    assert isinstance(failure, LoadFailure), failure
    return failure.reason


def with_part(data: bytes, name: str, part: bytes) -> bytes:
    """A zip file with one part put in the place of its own."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for info in old.infolist():
            if info.filename != name:
                new.writestr(info, old.read(info))
        new.writestr(name, part, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def test_headings_and_lists_are_kept(make_docx: MakeDocx) -> None:
    document = read(
        make_docx(
            ("Title", "Ivan Pavlov"),
            ("", "He was born in Ryazan."),
            ("Heading 1", "Work"),
            ("List Bullet", "Dogs"),
            ("Heading 2", "Late"),
            ("", "Prizes & 👏."),
        )
    )
    assert document.title == "Ivan Pavlov"
    assert [(one.heading, document.text[one.start : one.end]) for one in document.sections] == [
        ("", "He was born in Ryazan."),
        ("Work", "Work\n\n- Dogs"),
        ("Work > Late", "Late\n\nPrizes & 👏."),
    ]


def test_the_title_in_the_properties_serves_where_there_is_no_other(make_docx: MakeDocx) -> None:
    assert read(make_docx(("", "x"), title="Stated")).title == "Stated"
    assert read(make_docx(("", "x"))).title == "a"


def test_a_document_without_text_is_reported(make_docx: MakeDocx) -> None:
    assert "no text" in refuse(make_docx())


def test_a_part_that_unpacks_to_too_much_is_refused(make_docx: MakeDocx) -> None:
    bomb = with_part(make_docx(("", "x")), "word/bomb.xml", b" " * 60_000_000)
    assert len(bomb) < 200_000
    assert "unpacks to more" in refuse(bomb)


def test_a_part_that_lies_about_its_size_is_refused(make_docx: MakeDocx) -> None:
    data = bytearray(with_part(make_docx(("", "x")), "word/bomb.xml", b" " * 60_000_000))
    size = (60_000_000).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (1_000).to_bytes(4, "little")
    assert "a.docx" in refuse(bytes(data))


def test_the_limit_on_expansion_is_kept(make_docx: MakeDocx) -> None:
    assert "unpacks to more" in refuse(make_docx(("", "x")), Limits(max_expanded_bytes=1_000))


def test_entities_do_not_expand(make_docx: MakeDocx) -> None:
    data = make_docx(("", "x"))
    part = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><d>&b;</d>'
    assert "entities" in refuse(with_part(data, "word/document.xml", part))
    assert "entities" in refuse(
        with_part(data, "word/document.xml", part.decode().encode("utf-16"))
    )


def test_a_damaged_part_is_reported(make_docx: MakeDocx) -> None:
    assert "a.docx" in refuse(with_part(make_docx(("", "x")), "word/document.xml", b"<broken"))


def test_a_file_that_is_cut_off_does_no_harm(make_docx: MakeDocx) -> None:
    data = make_docx(("", "Words."))
    for length in range(0, len(data), len(data) // 12):
        (found,) = load_bytes("a.docx", data[:length])
        assert isinstance(found, LoadFailure)


def test_another_zip_file_is_told_apart() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "not a Word document" in refuse(buffer.getvalue())


def test_the_old_format_is_told_apart() -> None:
    assert "old format" in refuse(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600)


def test_damaged_styles_are_told_as_the_documents_damage(make_docx: MakeDocx) -> None:
    damaged = with_part(make_docx(("", "x")), "word/styles.xml", b"<w:styles>")
    assert "damaged Word document" in refuse(damaged)
