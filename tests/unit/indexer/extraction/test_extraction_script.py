import pytest

from indexer.extraction.script import entities, is_latin


def found(text: str, title: str = "") -> set[tuple[str, str]]:
    return {(entity.name, entity.type) for entity in entities(title, text)}


@pytest.mark.parametrize("text", ["", "2001", "Hello", "Łódź", "Köln liegt am Rhein, nicht Ω."])
def test_latin_text_is_told(text: str) -> None:
    assert is_latin(text)


@pytest.mark.parametrize("text", ["玛丽·居里 (Marie)", "ماري كوري", "Мария Кюри", "มารี", "ギャル"])
def test_other_scripts_are_told(text: str) -> None:
    assert not is_latin(text)


def test_the_title_is_an_entity_without_its_brackets() -> None:
    assert ("水星", "TITLE") in found("离太阳最近。", "水星（行星）")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("她写了《放射性专论》一书。", "放射性专论"),
        ("彼は「舞姫」を書いた。", "舞姫"),
        ("كتب «كتاب المناظر» في القاهرة", "كتاب المناظر"),
        ("Роман «Война и мир» длинный.", "Война и мир"),
        ("Роман „Идиот“ короче.", "Идиот"),
        ('الفيلم "المومياء" مصري', "المومياء"),
    ],
)
def test_quoted_names_are_entities(text: str, name: str) -> None:
    assert (name, "QUOTED") in found(text)


def test_quoted_speech_is_no_name() -> None:
    assert not any(type_ == "QUOTED" for _, type_ in found(f"他说“{'很长的话' * 30}”。"))


def test_capitalised_words_in_a_row_are_one_name() -> None:
    text = "В Париже жила Мария Кюри, а Л. Н. Толстой жил в Ясной Поляне."
    assert found(text) == {
        (name, "NAME") for name in ("Париже", "Мария Кюри", "Л. Н. Толстой", "Ясной Поляне")
    }


def test_a_word_that_only_begins_a_sentence_is_no_name() -> None:
    assert found("Однако дождь шёл. Потом стихло.") == set()


def test_a_name_that_begins_a_sentence_counts_if_it_is_capitalised_elsewhere() -> None:
    assert found("Москва большая. Он любит город Москва.") == {("Москва", "NAME")}


def test_greek_names_are_found() -> None:
    text = "Ο δάσκαλος ήταν ο Πλάτων στα Στάγειρα."
    assert found(text) == {("Πλάτων", "NAME"), ("Στάγειρα", "NAME")}


def test_latin_names_inside_other_scripts_are_found() -> None:
    assert found("她在CERN和Pierre Curie工作") == {("CERN", "NAME"), ("Pierre Curie", "NAME")}
    assert found("عمل مع Pierre Curie هنا") == {("Pierre Curie", "NAME")}


def test_years_are_dates_and_other_numbers_are_numbers() -> None:
    assert found("1867年有3.5吨和35000人。") == {
        ("1867", "DATE"),
        ("3.5", "CARDINAL"),
        ("35000", "CARDINAL"),
    }
    assert found("ولدت عام ١٨٦٧") == {("١٨٦٧", "DATE")}


def test_scripts_without_case_give_no_capitalised_names() -> None:
    assert found("玛丽出生于华沙。") == set()
    assert found("ولدت ماري في وارسو") == set()


@pytest.mark.parametrize("text", ["", "«»", "«", '"""', "،؟", "٫", "Ω" * 5000, "«" * 5000])
def test_odd_texts_do_no_harm(text: str) -> None:
    list(entities("", text))
