"""A transformer on onnxruntime: token ids to unit vectors."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from inference.embedder import Vectors
from inference.model_files import Pooling
from kg.errors import ModelOutputInvalid, WeightsInvalid

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Ids: TypeAlias = npt.NDArray[np.int64]

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_STATES = ("last_hidden_state", "token_embeddings")
_ERRORS_ONLY = 3


class OnnxSession:
    """Runs one batch at a time on the calling thread; several threads may share it.

    A batch is texts of one length, without padding: nothing but arithmetic could make a text's
    vector depend on its neighbours, and `batches_exactly` says whether that does.
    """

    def __init__(self, weights: Path, pooling: Pooling) -> None:
        self._pooling = pooling
        self._session = _open(weights)
        inputs = {value.name: value.type for value in self._session.get_inputs()}
        if "input_ids" not in inputs or not set(inputs) <= _INPUTS:
            raise WeightsInvalid(
                f"{weights} is no sentence embedder: its inputs are {sorted(inputs)}, wanted are "
                f"input_ids and at most {sorted(_INPUTS - {'input_ids'})}."
            )
        self._inputs = {
            name: np.dtype(np.int32 if "int32" in kind else np.int64)
            for name, kind in inputs.items()
        }
        outputs = [value.name for value in self._session.get_outputs()]
        self._output = next((name for name in _STATES if name in outputs), outputs[0])
        self.dimension = int(self.run(np.ones((1, 1), dtype=np.int64)).shape[1])

    def run(self, ids: Ids) -> Vectors:
        """Embed a batch: (texts, tokens) to (texts, dimension), rows of length one.

        Raises: ModelOutputInvalid.
        """
        feeds = {name: self._feed(name, ids).astype(dtype) for name, dtype in self._inputs.items()}
        (states,) = self._session.run([self._output], feeds)
        return np.stack([self._vector(text) for text in np.asarray(states)])

    def batches_exactly(self) -> bool:
        """Whether texts have the same vectors in a batch as alone, to the bit.

        A model that quantises its activations takes their range over the whole batch, and then
        they have not. Two batches of made-up texts show it.
        """
        random = np.random.default_rng(0)
        for shape in ((8, 5), (4, 48)):
            ids = random.integers(1, 1000, shape, dtype=np.int64)
            alone = np.concatenate([self.run(ids[i : i + 1]) for i in range(len(ids))])
            if not np.array_equal(self.run(ids), alone):
                return False
        return True

    @staticmethod
    def _feed(name: str, ids: Ids) -> Ids:
        if name == "input_ids":
            return ids
        return np.ones_like(ids) if name == "attention_mask" else np.zeros_like(ids)

    def _vector(self, states: npt.NDArray[Any]) -> Vectors:
        """Pool one text's states, (tokens, dimension), or take its vector if the model pooled."""
        if states.ndim == 1:
            pooled = states.astype(np.float64)
        elif self._pooling == "cls":
            pooled = states[0].astype(np.float64)
        else:
            pooled = states.mean(axis=0, dtype=np.float64)
        length = np.linalg.norm(pooled)
        if not 0.0 < length < np.inf:
            raise ModelOutputInvalid(
                f"The embedding model gave a vector of length {length}: its weights are damaged, "
                "or made for another runtime. Install them anew."
            )
        vector: Vectors = (pooled / length).astype(np.float32)
        return vector


def _open(weights: Path) -> "InferenceSession":
    """A session that uses the calling thread only, so that callers choose the number of threads."""
    # Its telemetry writes files into the home folder as soon as it is imported; this, and only
    # before the import, keeps it from that.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Every text has another length: plans of memory by shape would only pile up.
    options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own errors have no common root but this
        raise WeightsInvalid(f"onnxruntime cannot load {weights}: {error}") from error
