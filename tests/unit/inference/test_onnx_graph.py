"""Values inside a model become its inputs."""

import numpy as np
import pytest

from inference import model_files
from inference.onnx_graph import INT64, Value, _field, _input, with_inputs, without_guards
from inference.onnx_session import OnnxSession
from kg.errors import WeightsInvalid

FLOAT = 1
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
    with pytest.raises(WeightsInvalid, match="does not compute nowhere"):
        with_inputs(model, {"nowhere": POSITIONS})


@pytest.mark.parametrize("damaged", [b"\x3a\xff\xff\xff\xff", b"\x0b\x01"])
def test_what_is_no_model_is_refused(damaged: bytes) -> None:
    with pytest.raises(WeightsInvalid, match="not a valid ONNX file"):
        with_inputs(damaged, {"slice_1": POSITIONS})
    with pytest.raises(WeightsInvalid, match="not a valid ONNX file"):
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


def node(operator: str, *reads: str, makes: str) -> bytes:
    """A node of a graph."""
    fields = [_field(1, name.encode()) for name in reads]
    return _field(1, b"".join([*fields, _field(2, makes.encode()), _field(4, operator.encode())]))


def computing(*nodes: bytes, results: str) -> bytes:
    """A model whose inputs are x and zero."""
    inputs = [_input(name, Value(elements=FLOAT, axes=("number",))) for name in ("x", "zero")]
    outputs = [_field(12, _field(1, name.encode())) for name in results.split()]
    graph = b"".join([*nodes, _field(2, b"small"), *inputs, *outputs])
    return b"\x08\x08" + _field(7, graph) + _field(8, b"\x10\x0d")


def same_without_guards(model: bytes) -> bytes:
    """The model without guards, which has the results that it had."""
    import onnxruntime

    changed = b"".join(without_guards(model))
    given = {"x": np.array([1, -2], np.float32), "zero": np.zeros(2, np.float32)}
    there, then = (
        onnxruntime.InferenceSession(one, providers=["CPUExecutionProvider"]).run(None, given)
        for one in (model, changed)
    )
    for one, other in zip(there, then, strict=True):
        np.testing.assert_array_equal(one, other)
    return changed


def test_what_is_asked_for_other_reasons_too_stays() -> None:
    model = computing(
        node("IsNaN", "x", makes="asked"),
        node("Where", "asked", "zero", "x", makes="sound"),
        node("Not", "asked", makes="number"),
        node("Neg", "sound", makes="result"),
        results="result number",
    )
    changed = same_without_guards(model)
    assert (changed.count(b"IsNaN"), changed.count(b"Where")) == (1, 0)


def test_a_guard_that_is_a_result_stays() -> None:
    model = computing(
        node("IsNaN", "x", makes="asked"),
        node("Where", "asked", "zero", "x", makes="result"),
        results="result asked",
    )
    assert same_without_guards(model) == model


def test_a_guard_of_a_guard_goes_with_it() -> None:
    model = computing(
        node("IsNaN", "x", makes="asked"),
        node("Where", "asked", "zero", "x", makes="sound"),
        node("IsNaN", "sound", makes="asked again"),
        node("Where", "asked again", "zero", "sound", makes="sounder"),
        node("Neg", "sounder", makes="result"),
        results="result",
    )
    changed = same_without_guards(model)
    assert changed == computing(node("Neg", "x", makes="result"), results="result")
