"""A transformer on onnxruntime: token ids to unit vectors."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from inference.embedder import Vectors
from inference.model_files import Packing, Pooling
from inference.onnx_graph import BOOL, INT64, Value, with_inputs, without_guards
from kg.errors import ModelOutputInvalid, WeightsInvalid

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Ids: TypeAlias = npt.NDArray[np.int64]
Row: TypeAlias = Sequence[Ids]
"""The texts of one row of a batch, each with its special tokens; only one unless the model
packs."""
States: TypeAlias = npt.NDArray[Any]
"""The states of one text: (tokens, dimension), or (dimension,) from a model that pools by
itself."""

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_STATES = ("last_hidden_state", "token_embeddings")
_ERRORS_ONLY = 3
_SHRINK = ("memory.enable_memory_arena_shrinkage", "cpu:0")
_SLOWER = ["SkipLayerNormFusion"]
"""Optimisations of onnxruntime that make this model a tenth slower: the fused operator takes longer
than an addition and a normalisation."""


class OnnxSession:
    """Runs one batch at a time on the calling thread; several threads may share it.

    Rows of a batch are padded to the longest. Padding is masked, so a text's vector can depend on
    its neighbours only through rounding; `batches_exactly` tests whether it does. With `packing` a
    row may hold several texts, which do not attend to each other.
    """

    def __init__(self, weights: Path, pooling: Pooling, packing: Packing | None = None) -> None:
        """Load a model. Raises: WeightsInvalid."""
        self._pooling = pooling
        self._packing = packing
        self._session = _open(weights, packing)
        inputs = {value.name: value.type for value in self._session.get_inputs()}
        for name in (packing.positions, packing.mask) if packing else ():
            inputs.pop(name)
        if "input_ids" not in inputs or not set(inputs) <= _INPUTS:
            raise WeightsInvalid(
                f"{weights} is not a sentence embedder: its inputs are {sorted(inputs)} instead "
                f"of input_ids and at most {sorted(_INPUTS - {'input_ids'})}."
            )
        self._inputs = {
            name: np.dtype(np.int32 if "int32" in kind else np.int64)
            for name, kind in inputs.items()
        }
        outputs = [value.name for value in self._session.get_outputs()]
        self._output = next((name for name in _STATES if name in outputs), outputs[0])
        self.dimension = int(self.run([[np.ones(1, dtype=np.int64)]]).shape[1])

    @property
    def packs(self) -> bool:
        """Whether a row may hold more than one text."""
        return self._packing is not None

    @property
    def pools_tokens(self) -> bool:
        """Whether a vector is the mean of token states, so that one can be made of some of the
        tokens."""
        return self._pooling == "mean" and self._output in _STATES

    def run(self, rows: Sequence[Row]) -> Vectors:
        """Embed a batch of rows: (number of texts in all rows, dimension), rows of length one.

        Raises: ModelOutputInvalid.
        """
        return np.stack([self.pool(states) for row in self.states(rows) for states in row])

    def states(self, rows: Sequence[Row]) -> list[list[States]]:
        """The token states of each text of each row, without padding."""
        (found,) = self._session.run([self._output], self._feeds(rows))
        states = np.asarray(found)
        if states.ndim == 2:
            return [[row] for row in states]
        return [_cut(of_row, row) for of_row, row in zip(states, rows, strict=True)]

    def _feeds(self, rows: Sequence[Row]) -> dict[str, npt.NDArray[Any]]:
        joined = [row[0] if len(row) == 1 else np.concatenate(row) for row in rows]
        ids = np.zeros((len(rows), max(map(len, joined))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(joined):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        given = {name: feeds[name].astype(dtype) for name, dtype in self._inputs.items()}
        return {**given, **self._packed(rows, mask)}

    def _packed(self, rows: Sequence[Row], mask: Ids) -> dict[str, npt.NDArray[Any]]:
        """The inputs that keep the texts of a row apart."""
        if self._packing is None:
            return {}
        if all(len(row) == 1 for row in rows):
            positions = np.arange(mask.shape[1])[np.newaxis]
            sees = (mask > 0)[:, np.newaxis, np.newaxis]
        else:
            positions, text = np.zeros_like(mask), np.full_like(mask, -1)
            for number, row in enumerate(rows):
                lengths = list(map(len, row))
                end = sum(lengths)
                positions[number, :end] = np.concatenate([np.arange(length) for length in lengths])
                text[number, :end] = np.repeat(np.arange(len(row)), lengths)
            sees = (text[:, :, np.newaxis] == text[:, np.newaxis])[:, np.newaxis]
        return {self._packing.positions: positions, self._packing.mask: sees}

    def pool(self, states: States) -> Vectors:
        """A text's vector (dimension,), of length one. Raises: ModelOutputInvalid."""
        if states.ndim == 1:
            pooled = states.astype(np.float64)
        elif self._pooling == "cls":
            pooled = states[0].astype(np.float64)
        else:
            pooled = states.mean(axis=0, dtype=np.float64)
        length = np.linalg.norm(pooled)
        if not 0.0 < length < np.inf:
            raise ModelOutputInvalid(
                f"The embedding model returned a vector of length {length}: its weights are "
                "damaged, or made for another runtime. Install them again."
            )
        vector: Vectors = (pooled / length).astype(np.float32)
        return vector

    def batches_exactly(self) -> bool:
        """Whether texts have bit-identical vectors in a batch and alone.

        They have not if the model quantises its activations, with a range taken over the whole
        batch, or if it has no attention mask. Two batches of made-up texts are compared.
        """
        if "attention_mask" not in self._inputs:
            return False
        random = np.random.default_rng(0)
        for lengths in ((9, 8, 8, 7, 5, 4, 2, 1), (48, 47, 44, 38)):
            texts = [random.integers(1, 1000, length, dtype=np.int64) for length in lengths]
            alone = np.concatenate([self.run([[text]]) for text in texts])
            if not np.array_equal(self.run([[text] for text in texts]), alone):
                return False
        return True

    def let_go(self) -> None:
        """Release the working memory of large batches; questions need a fraction of it."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.add_run_config_entry(*_SHRINK)
        shortest = self._feeds([[np.ones(1, dtype=np.int64)]])
        self._session.run([self._output], shortest, options)


def _cut(states: States, row: Row) -> list[States]:
    """The states of each text of a row, (tokens, dimension)."""
    if len(row) == 1:
        return [states[: len(row[0])]]
    ends = np.cumsum([len(text) for text in row]).tolist()
    return [states[end - len(text) : end] for end, text in zip(ends, row, strict=True)]


def _open(weights: Path, packing: Packing | None) -> "InferenceSession":
    """A session that uses the calling thread only, so that callers choose the number of threads."""
    # Its telemetry writes files to the home folder on import; only this setting, made before the
    # import, prevents that.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Texts differ in length: memory plans for each shape would only pile up.
    options.enable_mem_pattern = False
    model = str(weights) if packing is None else _opened(weights, packing)
    try:
        return onnxruntime.InferenceSession(
            model,
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=_SLOWER,
        )
    except Exception as error:  # onnxruntime's errors have no other common base class
        raise WeightsInvalid(f"onnxruntime cannot load {weights}: {error}") from error


def _opened(weights: Path, packing: Packing) -> bytes:
    """The model with inputs for positions and attention mask; each token attends to its own text,
    and padding to itself. Raises: WeightsInvalid."""
    rows, tokens = "packed_rows", "packed_tokens"
    values = {
        packing.positions: Value(elements=INT64, axes=("position_rows", tokens)),
        packing.mask: Value(elements=BOOL, axes=(rows, "heads", "seeing", tokens)),
    }
    try:
        model = weights.read_bytes()
    except OSError as error:
        raise WeightsInvalid(f"Cannot read {weights} ({error}). Install it again.") from error
    return b"".join(without_guards(b"".join(with_inputs(model, values))))
