"""What one pass through the model gives: a text, parts of it as they read in the whole, others."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.clocked import ClockedEmbedder
from inference import model_files
from inference.cache import CachedEmbedder
from inference.dynamic_batching import BatchingEmbedder
from inference.embedder import Bundle, bundle_embedder
from inference.folding import FoldingEmbedder
from inference.onnx import OnnxEmbedder
from inference.onnx_session import OnnxSession, Row, States
from kg.errors import ModelOutputInvalid
from tests.doubles.hash_embedder import HashEmbedder

TEXT = "The river rose, and the bank gave no loan."
RIVER, LOAN = (0, 15), (16, 42)
WITH_RIVER = Bundle(text=TEXT, parts=((RIVER,),))


@pytest.fixture(scope="module")
def minilm() -> OnnxEmbedder:
    return OnnxEmbedder(threads=1)


def test_the_whole_comes_first_as_embed_gives_it(minilm: OnnxEmbedder) -> None:
    (found,) = minilm.embed_bundles([WITH_RIVER], "query")
    assert found.shape == (2, 384)
    np.testing.assert_array_equal(found[0], minilm.embed([TEXT], "query")[0])


def test_a_part_is_nearer_to_its_own_words_than_other_parts_are(minilm: OnnxEmbedder) -> None:
    (found,) = minilm.embed_bundles([Bundle(text=TEXT, parts=((RIVER,), (LOAN,)))], "query")
    alone = minilm.embed([TEXT[slice(*RIVER)], TEXT[slice(*LOAN)]], "query")
    near = found[1:] @ alone.T
    assert near[0, 0] > near[1, 0] + 0.1
    assert near[1, 1] > near[0, 1] + 0.1


def test_a_part_may_be_of_several_pieces(minilm: OnnxEmbedder) -> None:
    (found,) = minilm.embed_bundles([Bundle(text=TEXT, parts=((RIVER, LOAN), (RIVER,)))], "query")
    assert not np.allclose(found[1], found[2])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("part", [(), ((14, 14),), ((400, 500),)])
def test_a_part_without_a_token_has_the_text_s_vector(
    minilm: OnnxEmbedder, part: tuple[tuple[int, int], ...]
) -> None:
    (found,) = minilm.embed_bundles([Bundle(text=TEXT, parts=(part,))], "query")
    np.testing.assert_array_equal(found[0], found[1])


def test_an_instruction_is_no_part_of_a_text(tmp_path: Path) -> None:
    instructed = OnnxEmbedder(threads=1, instructions={"query": "search: "})
    plain = OnnxEmbedder(threads=1)
    (found,) = instructed.embed_bundles([WITH_RIVER], "query")
    (wanted,) = plain.embed_bundles([Bundle(text="search: " + TEXT, parts=(((8, 23),),))], "query")
    np.testing.assert_array_equal(found, wanted)


def test_what_stands_beside_reads_as_if_alone(minilm: OnnxEmbedder) -> None:
    others = ("A short one.", "Who taught the pupil of the one who drew the map?", "")
    (found,) = minilm.embed_bundles([Bundle(text=TEXT, parts=((RIVER,),), beside=others)], "query")
    assert found.shape == (5, 384)
    np.testing.assert_array_equal(found[:2], minilm.embed_bundles([WITH_RIVER], "query")[0])
    np.testing.assert_allclose(found[2:], minilm.embed(others, "query"), atol=1e-5)


def test_many_texts_beside_read_as_if_alone_in_rows_of_bounded_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minilm, rows = OnnxEmbedder(threads=1), list[int]()
    real = OnnxSession.states

    def counting(session: OnnxSession, batch: Sequence[Row]) -> list[list[States]]:
        rows.extend(sum(map(len, row)) for row in batch)
        return real(session, batch)

    monkeypatch.setattr(OnnxSession, "states", counting)
    others = tuple(f"Eric Kandel sat there {number}" for number in range(60))
    (found,) = minilm.embed_bundles([Bundle(text=TEXT, beside=others)], "query")
    assert len(rows) > 4
    assert max(rows) <= 128
    np.testing.assert_allclose(found, minilm.embed([TEXT, *others], "query"), atol=1e-5)


def test_a_model_that_is_not_known_to_pack_gives_the_same(
    minilm: OnnxEmbedder, tmp_path: Path
) -> None:
    files = model_files.minilm()
    other = OnnxEmbedder(files.weights, files.tokenizer, max_tokens=256)
    bundle = Bundle(text=TEXT, parts=((LOAN,),), beside=("A short one.", "A maze."))
    (found,), (wanted,) = (one.embed_bundles([bundle], "query") for one in (minilm, other))
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_array_equal(wanted[2:], minilm.embed(bundle.beside, "query"))


def test_company_does_not_change_a_bit(minilm: OnnxEmbedder) -> None:
    bundles = [
        WITH_RIVER,
        Bundle(text="A short one."),
        Bundle(text="Who taught the pupil?", beside=("the pupil of the one", "who drew the map?")),
    ]
    together = minilm.embed_bundles(bundles * 15, "query")
    for bundle, wanted in zip(bundles, together[:3], strict=True):
        np.testing.assert_array_equal(minilm.embed_bundles([bundle], "query")[0], wanted)


def test_what_wraps_an_embedder_can_what_it_can(minilm: OnnxEmbedder, tmp_path: Path) -> None:
    for inner in (minilm, HashEmbedder()):
        can = bundle_embedder(inner) is not None
        for wrapped in (
            BatchingEmbedder(inner),
            CachedEmbedder(inner, tmp_path / f"{can}.sqlite"),
            ClockedEmbedder(inner),
            FoldingEmbedder(inner),
        ):
            assert (bundle_embedder(wrapped) is not None) is can


def test_who_cannot_embed_parts_says_so() -> None:
    wrapped = BatchingEmbedder(HashEmbedder())
    (found,) = wrapped.embed_bundles([Bundle(text=TEXT)], "query")
    np.testing.assert_array_equal(found, HashEmbedder().embed([TEXT], "query"))
    with pytest.raises(ModelOutputInvalid, match="whole texts only"):
        wrapped.embed_bundles([WITH_RIVER], "query")


def test_the_cache_keeps_questions_with_their_parts(minilm: OnnxEmbedder, tmp_path: Path) -> None:
    cached = CachedEmbedder(minilm, tmp_path / "v.sqlite")
    first = cached.embed_bundles([WITH_RIVER], "query")
    again = cached.embed_bundles([WITH_RIVER, Bundle(text=TEXT)], "query")
    assert again[0] is first[0]
    assert again[1].shape == (1, 384)
    np.testing.assert_array_equal(cached.embed([TEXT], "query")[0], first[0][0])
    cached.close()
