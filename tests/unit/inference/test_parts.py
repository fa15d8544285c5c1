"""Parts of a text, embedded as they read in the whole of it."""

from pathlib import Path

import numpy as np
import pytest

from inference.cache import CachedEmbedder
from inference.embedder import PartEmbedder, part_embedder
from inference.onnx import OnnxEmbedder
from inference.together import TogetherEmbedder
from tests.doubles.hash_embedder import HashEmbedder

TEXT = "The river rose, and the bank gave no loan."
RIVER, LOAN = (0, 15), (16, 42)


@pytest.fixture(scope="module")
def minilm() -> OnnxEmbedder:
    return OnnxEmbedder(threads=1)


def test_the_whole_comes_first_as_embed_gives_it(minilm: OnnxEmbedder) -> None:
    (found,) = minilm.embed_parts([TEXT], [[(RIVER,)]], "query")
    assert found.shape == (2, 384)
    np.testing.assert_array_equal(found[0], minilm.embed([TEXT], "query")[0])


def test_a_part_is_nearer_to_its_own_words_than_other_parts_are(minilm: OnnxEmbedder) -> None:
    (found,) = minilm.embed_parts([TEXT], [[(RIVER,), (LOAN,)]], "query")
    alone = minilm.embed([TEXT[slice(*RIVER)], TEXT[slice(*LOAN)]], "query")
    near = found[1:] @ alone.T
    assert near[0, 0] > near[1, 0] + 0.1
    assert near[1, 1] > near[0, 1] + 0.1


def test_a_part_may_be_of_several_pieces(minilm: OnnxEmbedder) -> None:
    (found,) = minilm.embed_parts([TEXT], [[(RIVER, LOAN), (RIVER,)]], "query")
    assert not np.allclose(found[1], found[2])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("part", [(), ((14, 14),), ((400, 500),)])
def test_a_part_without_a_token_has_the_text_s_vector(
    minilm: OnnxEmbedder, part: tuple[tuple[int, int], ...]
) -> None:
    (found,) = minilm.embed_parts([TEXT], [[part]], "query")
    np.testing.assert_array_equal(found[0], found[1])


def test_an_instruction_is_no_part_of_a_text(tmp_path: Path) -> None:
    instructed = OnnxEmbedder(threads=1, instructions={"query": "search: "})
    plain = OnnxEmbedder(threads=1)
    (found,) = instructed.embed_parts([TEXT], [[(RIVER,)]], "query")
    (wanted,) = plain.embed_parts(["search: " + TEXT], [[((8, 23),)]], "query")
    np.testing.assert_array_equal(found, wanted)


def test_company_does_not_change_a_bit(minilm: OnnxEmbedder) -> None:
    texts = [TEXT, "A short one.", "Who taught the pupil of the one who drew the map?"] * 15
    parts = [[(RIVER,)], [], [((0, 10),), ((20, 49),)]] * 15
    together = minilm.embed_parts(texts, parts, "query")
    for text, one, wanted in zip(texts[:3], parts[:3], together[:3], strict=True):
        np.testing.assert_array_equal(minilm.embed_parts([text], [one], "query")[0], wanted)


def test_what_wraps_an_embedder_can_what_it_can(minilm: OnnxEmbedder, tmp_path: Path) -> None:
    for inner in (minilm, HashEmbedder()):
        can = part_embedder(inner) is not None
        for wrapped in (
            TogetherEmbedder(inner),
            CachedEmbedder(inner, tmp_path / f"{can}.sqlite"),
        ):
            assert isinstance(wrapped, PartEmbedder)
            assert (part_embedder(wrapped) is not None) is can


def test_the_cache_keeps_questions_with_their_parts(minilm: OnnxEmbedder, tmp_path: Path) -> None:
    cached = CachedEmbedder(minilm, tmp_path / "v.sqlite")
    first = cached.embed_parts([TEXT], [[(RIVER,)]], "query")
    again = cached.embed_parts([TEXT, TEXT], [[(RIVER,)], []], "query")
    assert again[0] is first[0]
    assert again[1].shape == (1, 384)
    np.testing.assert_array_equal(cached.embed([TEXT], "query")[0], first[0][0])
    cached.close()
