from datetime import UTC, datetime

import pytest

from indexer.loaders import LoadFailure, load_bytes
from kg.records import SourceDocument

PAGE = """<!doctype html>
<html lang="en"><head><title>Pavlov | Lives</title><meta name="date" content="2020-05-01"></head>
<body><nav><a href="/">Home</a></nav><h1>Ivan Pavlov</h1>
<p>Pavlov was born in <b>Ryazan</b>,
<i>Russia</i>.<!-- a comment --> He &amp; she.</p>
<h2>Work</h2><p>He studied dogs.<br>And cats.</p>
<ul><li>One</li><li>Two<ul><li>In</li></ul></li></ul>
<table><tr><th>Year</th><th>Prize</th></tr><tr><td><p>1904</p></td><td>Nobel</td></tr></table>
<h3>Late</h3><pre>a  b
 c</pre><script>var x = 1;</script><footer>Imprint</footer></body></html>"""


def read(page: str | bytes) -> SourceDocument:
    (document,) = load_bytes("a.html", page.encode() if isinstance(page, str) else page)
    assert isinstance(document, SourceDocument), document
    return document


def test_a_small_page_keeps_its_structure() -> None:
    document = read(PAGE)
    assert [(one.heading, document.text[one.start : one.end]) for one in document.sections] == [
        ("", "Pavlov was born in Ryazan, Russia. He & she."),
        (
            "Work",
            "Work\n\nHe studied dogs.\nAnd cats.\n\n"
            "- One\n- Two\n  - In\n\nYear | Prize\n1904 | Nobel",
        ),
        ("Work > Late", "Late\n\na  b\n c"),
    ]


def test_title_and_date_are_found() -> None:
    document = read(PAGE)
    assert document.title == "Ivan Pavlov"
    assert document.observed_at == datetime(2020, 5, 1, tzinfo=UTC)


def test_the_title_element_serves_where_there_is_no_heading() -> None:
    page = "<html><head><title>Old page</title></head><body><p>Some text here.</p></body></html>"
    assert read(page).title == "Old page"


def test_navigation_around_a_long_article_is_left_out() -> None:
    paragraphs = "".join(
        f"<p>Paragraph {n} tells at some length how the dogs of the laboratory were fed.</p>"
        for n in range(12)
    )
    menu = "".join(f'<li><a href="/{n}">Menu entry {n}</a></li>' for n in range(20))
    document = read(
        f"<html><body><div class='menu'><ul>{menu}</ul></div><div class='content'><h2>Dogs</h2>"
        f"{paragraphs}</div></body></html>"
    )
    assert "Paragraph 11" in document.text
    assert "Menu entry" not in document.text


def test_the_main_element_is_taken_as_it_stands() -> None:
    page = "<body><div>Ads</div><main><h1>T</h1><p>Short.</p></main></body>"
    assert (read(page).title, read(page).text) == ("T", "Short.")


def test_the_declared_encoding_is_used() -> None:
    page = "<html><head><meta charset='windows-1251'></head><body><p>Павлов и собаки</p></body>"
    assert read(page.encode("cp1251")).text == "Павлов и собаки"


@pytest.mark.parametrize(
    "page",
    [
        "<html></html>",
        "<html><head><title>t</title></head></html>",
        "<html><body><script>x()</script><nav>Home</nav></body></html>",
        "<!-- -->",
    ],
)
def test_a_page_without_text_is_reported(page: str) -> None:
    (failure,) = load_bytes("a.html", page.encode())
    assert isinstance(failure, LoadFailure)
    assert "no text" in failure.reason


@pytest.mark.parametrize(
    "page",
    [
        "Only <b>words",
        "<p>Open <i>tags <p>everywhere",
        "<?xml version='1.0' encoding='utf-8'?><html><body><p>Strict words.</p></body></html>",
        "<div>" * 3_000 + "deep",
        "<table><tr><td>cell <table><tr><td>inner</td></tr></table></td></tr></table>",
        "<p>مرحبا <bdi>שלום</bdi></p>",
    ],
)
def test_odd_pages_give_their_text_or_a_reason(page: str) -> None:
    (found,) = load_bytes("a.html", page.encode())
    assert isinstance(found, SourceDocument) or "no text" in found.reason
