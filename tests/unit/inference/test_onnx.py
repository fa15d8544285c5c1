import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from inference import model_files
from inference.embedder import Vectors
from inference.onnx import OnnxEmbedder
from inference.onnx_session import OnnxSession, Row
from kg.errors import WeightsInvalid

_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def minilm() -> OnnxEmbedder:
    return OnnxEmbedder(threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """MiniLM as a folder of its own."""
    files = model_files.minilm()
    (tmp_path / "model.onnx").symlink_to(files.weights)
    shutil.copy(files.tokenizer, tmp_path / "tokenizer.json")
    (tmp_path / "sentence_bert_config.json").write_text('{"max_seq_length": 128}')
    return tmp_path


def test_similarities_are_those_published_for_the_model(minilm: OnnxEmbedder) -> None:
    person, dog, very, day = minilm.embed(
        [
            "That is a happy person",
            "That is a happy dog",
            "That is a very happy person",
            "Today is a sunny day",
        ],
        "passage",
    )
    assert [person @ dog, person @ very, person @ day] == pytest.approx(
        [0.695, 0.943, 0.257], abs=0.02
    )


def test_the_model_id_names_weights_length_and_pooling(minilm: OnnxEmbedder) -> None:
    assert minilm.model_id == "all-minilm-l6-v2-int8:8199be6f:be50c362:256:mean"


def test_the_model_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("XDG_") and name != "ORT_DISABLE_TELEMETRY"
    }
    code = "from inference.onnx import OnnxEmbedder; OnnxEmbedder(threads=1).embed(['a'], 'query')"
    subprocess.run(
        [sys.executable, "-c", code], env=inherited | {"HOME": str(tmp_path)}, check=True
    )
    assert list(tmp_path.rglob("*")) == []


def test_texts_longer_than_the_model_reads_are_cut_at_256_tokens(minilm: OnnxEmbedder) -> None:
    start = "maze " * 254
    whole, longer, shorter = minilm.embed([start, start + "rat " * 50, "maze " * 200], "passage")
    np.testing.assert_array_equal(whole, longer)
    assert not np.array_equal(whole, shorter)


def test_the_number_of_threads_does_not_change_a_bit(minilm: OnnxEmbedder) -> None:
    texts = [f"{'maze ' * (number % 9)}{number}" for number in range(80)]
    np.testing.assert_array_equal(
        minilm.embed(texts, "sentence"), OnnxEmbedder(threads=3).embed(texts, "sentence")
    )


@pytest.mark.parametrize(("exact", "largest"), [(True, 40), (False, 1)])
def test_only_a_model_that_batches_exactly_gets_batches(
    minilm: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch, exact: bool, largest: int
) -> None:
    texts = [f"trial {number}" for number in range(40)]
    wanted = minilm.embed(texts, "entity")
    sizes: list[int] = []
    run = OnnxSession.run

    def counted(session: OnnxSession, rows: Sequence[Row]) -> Vectors:
        sizes.append(len(rows))
        return run(session, rows)

    monkeypatch.setattr(OnnxSession, "batches_exactly", lambda _: exact)
    monkeypatch.setattr(OnnxSession, "run", counted)
    np.testing.assert_array_equal(OnnxEmbedder(threads=1).embed(texts, "entity"), wanted)
    assert max(sizes) == largest


def test_what_is_settled_is_not_found_out_again(
    minilm: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = OnnxEmbedder()
    settled.settle()

    def found_out(_: OnnxSession) -> bool:
        raise AssertionError("found out again")

    monkeypatch.setattr(OnnxSession, "batches_exactly", found_out)
    settled.settle()
    texts = [f"trial {number}" for number in range(40)]
    wanted = minilm.embed(texts, "entity")
    np.testing.assert_array_equal(settled.embed(texts, "entity"), wanted)


def test_tokens_are_the_model_s_own_without_the_special_ones(minilm: OnnxEmbedder) -> None:
    assert minilm.count_tokens("unaffable") == 3  # una ##ffa ##ble
    assert minilm.count_tokens("maze " * 1000) == 1000


def test_a_folder_is_read_with_its_own_settings(folder: Path, minilm: OnnxEmbedder) -> None:
    embedder = OnnxEmbedder(folder)
    assert embedder.max_tokens == 126, "two of the model's 128 are its special tokens"
    assert embedder.model_id == f"{folder.name}:8199be6f:be50c362:128:mean"
    np.testing.assert_array_equal(
        embedder.embed(["a maze"], "passage"), minilm.embed(["a maze"], "passage")
    )


def test_instructions_stand_before_the_texts_of_their_kind(folder: Path) -> None:
    plain = OnnxEmbedder(folder)
    instructed = OnnxEmbedder(folder, instructions={"query": "query: "})
    np.testing.assert_array_equal(
        instructed.embed(["maze"], "query"), plain.embed(["query: maze"], "query")
    )
    np.testing.assert_array_equal(
        instructed.embed(["maze"], "passage"), plain.embed(["maze"], "passage")
    )
    assert instructed.model_id != plain.model_id


def test_the_first_token_s_state_is_taken_where_the_model_wants_it(folder: Path) -> None:
    mean = OnnxEmbedder(folder).embed(["a maze"], "passage")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    embedder = OnnxEmbedder(folder)
    assert embedder.model_id.endswith(":cls")
    assert not np.allclose(embedder.embed(["a maze"], "passage"), mean)


def test_weights_with_another_checksum_are_refused(folder: Path) -> None:
    embedder = OnnxEmbedder(folder, sha256="0" * 64)
    with pytest.raises(WeightsInvalid, match=r"model\.onnx has the SHA-256 8199be6f.*instead of"):
        embedder.embed(["a maze"], "passage")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsInvalid, match=r"model\.onnx.*is missing at"):
        OnnxEmbedder(tmp_path)


def test_a_missing_tokenizer_is_named(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(WeightsInvalid, match=r"tokenizer\.json is missing at"):
        OnnxEmbedder(folder)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path, folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(WeightsInvalid, match="cannot load"):
        OnnxEmbedder(folder).embed(["a maze"], "passage")


def test_a_file_that_is_no_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(WeightsInvalid, match="is not a valid tokenizer"):
        OnnxEmbedder(folder).count_tokens("a maze")


def test_a_process_may_end_while_batching_is_tried_out() -> None:
    script = """
import time
from inference.onnx import OnnxEmbedder
embedder = OnnxEmbedder(threads=1)
for number in range(33):
    embedder.embed([f"Is this {number}?"], "query")
assert embedder._probing.is_alive() and not embedder._probing.daemon

class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(1.0)

slow = Slow()  # as a process with much to give back
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=_ROOT, check=False)
    assert done.returncode == 0
