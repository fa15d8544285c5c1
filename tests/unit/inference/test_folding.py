"""Forms of letters and digits are read as these, and nothing else is."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from inference.cache import CachedEmbedder
from inference.embedder import Bundle
from inference.folding import FoldingEmbedder, folded
from inference.onnx import OnnxEmbedder
from tests.doubles.letters import bold, wide

TEXT = "The river rose, and the bank gave no loan."


@pytest.fixture(scope="module")
def bare() -> OnnxEmbedder:
    return OnnxEmbedder(threads=1)


@pytest.fixture(scope="module")
def folding(bare: OnnxEmbedder) -> FoldingEmbedder:
    return FoldingEmbedder(bare)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (wide(TEXT), TEXT),
        (bold(TEXT), TEXT),
        ("the ﬁrst oﬃce, its ﬂow", "the first office, its flow"),
        ("ｶﾞｲﾄﾞ･ﾌﾞｯｸ", "ガイド・ブック"),
        ("ﻣﺤﻤﺪ", "محمد"),
        ("⼤学", "大学"),
        ("Louis Ⅷ, ① ㎏, ㈱", "Louis VIII, 1 kg, (株)"),
        ("２０１９年３月，他说：“ＩＢＭ（ＵＫ）。”", "2019年3月，他说：“IBM(UK)。”"),
    ],
)
def test_forms_of_letters_and_digits_become_these(text: str, wanted: str) -> None:
    assert folded(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "巴甫洛夫（俄国人），研究条件反射：狗！",
        "『記憶』　ガイド、ラーメン〜",
        "10⁶ km², CO₂, ½ cup, № 5, Ammon™ ªº",
        "naïve café “quoted” … it’s 5\u00a0%",
        "กำไร ㅋㅋ ϕ µm և",
        "\ud800 half of a surrogate pair",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert folded(text) is text


def test_what_is_folded_is_folded_as_names_are() -> None:
    changed = [char for char in map(chr, range(0x110000)) if folded(char) != char]
    assert len(changed) == 2948, "another number needs another version of the rules"
    assert all(folded(char) == unicodedata.normalize("NFKC", char) for char in changed)


def test_a_question_in_other_letters_has_the_vector_of_ordinary_ones(
    folding: FoldingEmbedder, bare: OnnxEmbedder
) -> None:
    texts = [wide(TEXT), bold(TEXT)]
    np.testing.assert_array_equal(folding.embed(texts, "query"), bare.embed([TEXT] * 2, "query"))
    assert folding.count_tokens(texts[0]) == bare.count_tokens(TEXT)


def test_texts_without_such_letters_keep_their_vectors(
    folding: FoldingEmbedder, bare: OnnxEmbedder
) -> None:
    texts = [TEXT, "巴甫洛夫（俄国人），研究条件反射。", "Павлов изучал рефлексы: 10⁶ раз"]
    np.testing.assert_array_equal(folding.embed(texts, "passage"), bare.embed(texts, "passage"))


@pytest.mark.parametrize("before", ["", "ﬁﬃ ", "ﷺ ", "ＡＢ？　", "ｶﾞｷﾞ ", "𝐛㎏ "])
def test_parts_are_found_behind_and_in_what_was_folded(
    folding: FoldingEmbedder, bare: OnnxEmbedder, before: str
) -> None:
    ordinary = folded(before)
    written = "The ﬁrst bank gave no ＬＯＡＮ, the ofﬁce did."
    read = "The first bank gave no LOAN, the office did."

    def bundle(start: str, text: str, *words: str) -> Bundle:
        places = [len(start) + text.index(word) for word in words]
        spans = [(place, place + len(word)) for place, word in zip(places, words, strict=True)]
        return Bundle(start + text, ((spans[0],), tuple(spans[1:])), (start,))

    (found,) = folding.embed_bundles(
        [bundle(before, written, "ﬁrst", "ＬＯＡＮ", "ofﬁce")], "query"
    )
    (wanted,) = bare.embed_bundles([bundle(ordinary, read, "first", "LOAN", "office")], "query")
    assert found.shape == (4, 384)
    np.testing.assert_array_equal(found, wanted)


def test_before_a_cache_all_forms_share_an_entry_and_old_entries_of_them_are_not_read(
    bare: OnnxEmbedder, tmp_path: Path
) -> None:
    texts = [TEXT, wide(TEXT)]
    cached = CachedEmbedder(bare, tmp_path / "v.sqlite")
    unfolded = cached.embed(texts, "passage")
    found = FoldingEmbedder(cached).embed(texts, "passage")
    np.testing.assert_array_equal(found, unfolded[[0, 0]])
    assert not np.allclose(unfolded[0], unfolded[1])
    cached.close()


def test_an_embedder_that_folds_is_another_than_one_that_does_not(
    folding: FoldingEmbedder, bare: OnnxEmbedder
) -> None:
    assert folding.model_id == f"{bare.model_id}:folded-1"
