import pytest

from indexer.loaders import Limits, LoadFailure, load_bytes
from kg.records import SourceDocument

RUSSIAN = "Мария Кюри родилась в Варшаве, а работала она в Париже вместе с мужем. " * 5
FRENCH = "Élève appliquée, elle étudia la physique à Paris où elle découvrit le radium. " * 5


def read(data: bytes, name: str = "a.txt") -> SourceDocument:
    (document,) = load_bytes(name, data)
    assert isinstance(document, SourceDocument), document
    return document


def refuse(data: bytes, name: str = "a.txt") -> str:
    (failure,) = load_bytes(name, data)
    assert isinstance(failure, LoadFailure), failure
    return failure.reason


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "koi8-r", "cp1251"],
)
def test_russian_text_is_read_in_any_encoding(encoding: str) -> None:
    assert read(f"{RUSSIAN}\nYear: 1867.\n".encode(encoding)).text.startswith(RUSSIAN)


@pytest.mark.parametrize(
    "text",
    [
        FRENCH,
        "Zürich ist eine Stadt in der Schweiz. Die Möwe fliegt.",
        "Zürich",
        "Größe",
        "naïve",
        "Åsa går på gatan och äter smörgås.",
        "El niño comió una piña. ¿Qué más quería?",
    ],
)
def test_latin_1_is_read_however_short(text: str) -> None:
    assert read(text.encode("latin-1")).text == text


def test_typographic_quotes_of_windows_are_read() -> None:
    text = "She said “hello” — it’s fine."
    assert read(text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Мария Кюри родилась в Варшаве."),
        ("koi8-r", "Мария Кюри родилась в Варшаве."),
        ("gb18030", "北京是中国的首都,也是一座历史悠久的城市。"),
        ("big5", "臺北是臺灣的首都,也是一座歷史悠久的城市。"),
        ("shift_jis", "東京は日本の首都であり、世界最大の都市の一つです。"),
        ("cp1253", "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας."),
        ("cp1250", "Příliš žluťoučký kůň. Karel Čapek napsal hru o robotech."),
    ],
)
def test_a_sentence_in_an_encoding_of_its_own_script_is_read(encoding: str, text: str) -> None:
    assert read(text.encode(encoding)).text == text


def test_one_broken_character_does_not_change_the_others() -> None:
    data = RUSSIAN.encode() + b"\xff" + RUSSIAN.encode()
    assert read(data).text == f"{RUSSIAN}\ufffd{RUSSIAN}"


@pytest.mark.parametrize("text", ["emoji 👩‍🔬🎉", "שלום עולם", "مرحبا بالعالم", "e\u0301 is not é"])
def test_text_is_not_altered(text: str) -> None:
    assert read(text.encode()).text == text


def test_line_ends_become_line_feeds_and_nul_goes() -> None:
    assert read(b"a\r\nb\rc\nd\x00e").text == "a\nb\nc\nde"


def test_a_first_line_that_stands_alone_is_the_title() -> None:
    document = read(b"Auguste Deter\n\nShe was born in Kassel.\n")
    assert (document.title, document.text) == ("Auguste Deter", "She was born in Kassel.\n")


def test_a_title_may_end_with_an_initial() -> None:
    assert read(b"Patient K.C.\n\nHe was a Canadian.").title == "Patient K.C."


@pytest.mark.parametrize(
    "text", ["One line", "One line\nand another.", "Dear Ann,\n\nHello.", "It rained.\n\nMore."]
)
def test_another_first_line_is_text(text: str) -> None:
    document = read(text.encode())
    assert (document.title, document.text) == ("a", text)


def test_the_title_is_the_name_of_the_file() -> None:
    document = read(b"x", "notes/Marie Curie.txt")
    assert (document.title, document.source) == ("Marie Curie", "notes/Marie Curie.txt")


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\x00\x00", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_a_file_without_text_is_called_empty(data: bytes) -> None:
    assert "is empty" in refuse(data)


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 20, b"\x7fELF\x02\x01\x01" + b"\x00\x90" * 99]
)
def test_binary_junk_is_refused(data: bytes) -> None:
    assert "not text" in refuse(data)


def test_a_file_over_the_limit_is_refused() -> None:
    (failure,) = load_bytes("a.txt", b"x" * 11, limits=Limits(max_file_bytes=10))
    assert isinstance(failure, LoadFailure)


def test_a_given_source_and_metadata_are_taken() -> None:
    (document,) = load_bytes("a.txt", b"x", source="http://a/b", metadata={"by": "Ann"})
    assert isinstance(document, SourceDocument)
    assert (document.source, document.metadata) == ("http://a/b", {"by": "Ann"})


def test_given_metadata_goes_over_the_files_own() -> None:
    (document,) = load_bytes("a.json", b'{"text": "x", "by": "Bob", "n": 1}', metadata={"by": "A"})
    assert isinstance(document, SourceDocument)
    assert document.metadata == {"by": "A", "n": 1}


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"<!DOCTYPE html><html><body><p>Hello there.</p></body></html>", "text/html"),
        (b'{"text": "x"}', "application/json"),
        (b"just text", "text/plain"),
    ],
)
def test_an_unknown_ending_is_read_by_its_first_bytes(data: bytes, media_type: str) -> None:
    assert read(data, "upload").media_type == media_type
