"""A transformer on onnxruntime: token ids to unit vectors."""

import os
from collections.abc import Sequence
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
States: TypeAlias = npt.NDArray[Any]
"""Of one text: (tokens, dimension), or (dimension,) from a model that pools by itself."""

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_STATES = ("last_hidden_state", "token_embeddings")
_ERRORS_ONLY = 3


class OnnxSession:
    """Runs one batch at a time on the calling thread; several threads may share it.

    Texts of a batch are padded to the longest. Padding is masked, so nothing but arithmetic could
    make a text's vector depend on its neighbours; `batches_exactly` says whether that does.
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
        self.dimension = int(self.run([np.ones(1, dtype=np.int64)]).shape[1])

    @property
    def pools_tokens(self) -> bool:
        """Whether a vector is the mean of tokens' states, so that some of them make one too."""
        return self._pooling == "mean" and self._output in _STATES

    def run(self, texts: Sequence[Ids]) -> Vectors:
        """Embed a batch, each text's ids (tokens,): (texts, dimension), rows of length one.

        Raises: ModelOutputInvalid.
        """
        return np.stack([self.pool(states) for states in self.states(texts)])

    def states(self, texts: Sequence[Ids]) -> list[States]:
        """What the model makes of each text of a batch, without padding."""
        longest = max(map(len, texts))
        ids = np.zeros((len(texts), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (found,) = self._session.run(
            [self._output],
            {name: feeds[name].astype(dtype) for name, dtype in self._inputs.items()},
        )
        states = np.asarray(found)
        if states.ndim == 2:
            return list(states)
        return [row[: len(text)] for row, text in zip(states, texts, strict=True)]

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
                f"The embedding model gave a vector of length {length}: its weights are damaged, "
                "or made for another runtime. Install them anew."
            )
        vector: Vectors = (pooled / length).astype(np.float32)
        return vector

    def batches_exactly(self) -> bool:
        """Whether texts have the same vectors in a batch as alone, to the bit.

        A model that quantises its activations takes their range over the whole batch, and then
        they have not; nor if it has no mask. Two batches of made-up texts show it.
        """
        if "attention_mask" not in self._inputs:
            return False
        random = np.random.default_rng(0)
        for lengths in ((9, 8, 8, 7, 5, 4, 2, 1), (48, 47, 44, 38)):
            texts = [random.integers(1, 1000, length, dtype=np.int64) for length in lengths]
            alone = np.concatenate([self.run([text]) for text in texts])
            if not np.array_equal(self.run(texts), alone):
                return False
        return True


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
