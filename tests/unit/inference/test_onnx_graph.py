"""Values inside a model become its inputs."""

import numpy as np
import pytest

from inference import model_files
from inference.onnx_graph import INT64, Value, with_inputs, without_guards
from inference.onnx_session import OnnxSession
from kg.errors import WeightsInvalid

POSITIONS = Value(elements=INT64, axes=("rows", "tokens"))


@pytest.fixture(scope="module")
def model() -> bytes:
    return model_files.minilm().weights.read_bytes()


def test_a_model_has_the_inputs_and_computes_the_values_no_more(model: bytes) -> None:
    import onnxruntime

    changed = b"".join(with_inputs(model, {"slice_1": POSITIONS}))
    session = onnxruntime.InferenceSession(changed, providers=["CPUExecutionProvider"])
    inputs = {value.name: (value.type, value.shape) for value in session.get_inputs()}
    assert inputs["slice_1"] == ("tensor(int64)", ["rows", "tokens"])
    ids = np.array([[101, 2054, 2003, 102]])
    others = {"input_ids": ids, "attention_mask": ids > 0, "token_type_ids": 0 * ids}
    others = {name: value.astype(np.int64) for name, value in others.items()}
    (there,), (turned,) = (
        session.run(None, {**others, "slice_1": np.array([places])})
        for places in ([0, 1, 2, 3], [3, 2, 1, 0])
    )
    assert not np.allclose(there, turned)


def test_without_values_a_model_stays_as_it_is(model: bytes) -> None:
    assert b"".join(with_inputs(model, {})) == model


def test_a_value_that_nothing_computes_is_refused(model: bytes) -> None:
    with pytest.raises(WeightsInvalid, match="computes no nowhere"):
        with_inputs(model, {"nowhere": POSITIONS})


@pytest.mark.parametrize("damaged", [b"\x3a\xff\xff\xff\xff", b"\x0b\x01"])
def test_what_is_no_model_is_refused(damaged: bytes) -> None:
    with pytest.raises(WeightsInvalid, match="no ONNX file"):
        with_inputs(damaged, {"slice_1": POSITIONS})
    with pytest.raises(WeightsInvalid, match="no ONNX file"):
        without_guards(damaged)


def test_a_session_with_packing_gives_what_one_without_gives_to_the_bit() -> None:
    files = model_files.minilm()
    random = np.random.default_rng(0)
    rows = [[random.integers(1000, 20000, length)] for length in (31, 30, 24, 7)]
    packing, plain = (
        OnnxSession(files.weights, "mean", packing) for packing in (files.packing, None)
    )
    assert packing.packs
    assert not plain.packs
    for some in ([rows[0]], rows):
        np.testing.assert_array_equal(packing.run(some), plain.run(some))


def test_guards_against_what_is_no_number_go_and_nothing_else(model: bytes) -> None:
    changed = b"".join(without_guards(model))
    assert len(model) - len(changed) > 0
    assert model.count(b"IsNaN") > 0
    assert changed.count(b"IsNaN") == 0
    assert b"".join(without_guards(changed)) == changed
