from datetime import UTC, datetime

from indexer.loaders import LoadFailure, load_bytes
from kg.records import SourceDocument


def read(text: str) -> SourceDocument:
    (document,) = load_bytes("notes/a.md", text.encode())
    assert isinstance(document, SourceDocument), document
    return document


def sections(document: SourceDocument) -> list[tuple[str, str]]:
    return [(one.heading, document.text[one.start : one.end]) for one in document.sections]


def test_marks_are_left_out_of_the_text() -> None:
    document = read(
        "He was *born* in **[Ryazan](http://x)**, a `town`.\nReally.\n\n![A map](m.png)"
    )
    assert document.text == "He was born in Ryazan, a town. Really.\n\nA map"


def test_headings_make_sections_with_their_paths() -> None:
    document = read("Intro.\n\n# A\n\nOne.\n\n## B\n\nTwo.\n\n# C\n\nThree.")
    assert sections(document) == [
        ("", "Intro."),
        ("A", "A\n\nOne."),
        ("A > B", "B\n\nTwo."),
        ("C", "C\n\nThree."),
    ]


def test_the_only_first_heading_of_level_one_is_the_title() -> None:
    document = read("# Pavlov\n\nText.\n\n## Work\n\nDogs.")
    assert document.title == "Pavlov"
    assert sections(document) == [("", "Text."), ("Work", "Work\n\nDogs.")]


def test_one_of_several_headings_of_level_one_is_no_title() -> None:
    assert read("# One\n\nText.\n\n# Two\n\nText.").title == "a"


def test_without_headings_there_are_no_sections() -> None:
    document = read("Just text.")
    assert (document.title, document.sections) == ("a", ())


def test_front_matter_gives_title_date_and_metadata() -> None:
    document = read(
        "---\ntitle: Ivan Pavlov\ndate: 2020-01-02\ntags: [a, b]\n---\n# Ivan Pavlov\n\nX"
    )
    assert document.title == "Ivan Pavlov"
    assert document.observed_at == datetime(2020, 1, 2, tzinfo=UTC)
    assert document.metadata == {"tags": ["a", "b"]}
    assert document.text == "X"


def test_a_date_that_is_none_stays_metadata() -> None:
    document = read("---\ndate: last spring\n---\nX")
    assert (document.observed_at, document.metadata) == (None, {"date": "last spring"})


def test_front_matter_that_is_none_is_text() -> None:
    assert "a: [b" in read("---\na: [b\n---\nX").text


def test_aliases_in_front_matter_do_not_unfold() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9))
    assert read(f"---\n{bomb}---\nX").metadata == {}


def test_lists_tables_and_code_stay_readable() -> None:
    text = (
        "- one\n- two\n  - inner\n\n1. first\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx =  1\n```"
    )
    assert read(text).text == "- one\n- two\n  - inner\n\n1. first\n\na | b\n1 | 2\n\nx =  1"


def test_a_file_with_nothing_but_a_title_is_empty() -> None:
    (failure,) = load_bytes("a.md", b"# Title\n")
    assert isinstance(failure, LoadFailure)


def test_quotes_nested_without_end_do_no_harm() -> None:
    assert list(load_bytes("a.md", b">" * 20_000 + b" x"))


def test_comments_and_tags_leave_the_text_of_html_blocks() -> None:
    assert read("<div>\nOne <!-- not\nthis --> two <b>three</b>\n</div>").text == "One  two three"


def test_marks_that_are_never_closed_are_read_in_no_time() -> None:
    assert read("Text.\n\n" + "<!--" * 200_000).text == "Text."
    assert read("<div>\n5 < 6" + " <" * 200_000).text.startswith("5 < 6 <")


def test_front_matter_holds_nothing_that_cannot_be_kept() -> None:
    document = read('---\n"k\\uD800": 0x' + "F" * 20_000 + "\n---\nText.")
    ((name, value),) = document.metadata.items()
    assert name == "k\ufffd"
    assert isinstance(value, str)
    assert value.startswith("0xffff")
