"""The straightforward way to embed texts, as a baseline: in the order given, 32 at a time, each
batch padded to its longest text, on one thread; with the same weights as Ammon's default."""

from collections.abc import Sequence

import numpy as np

from bench.measure import Cost, Stopwatch
from inference import model_files
from inference.embedder import Vectors
from inference.texts import encodable
from inference.tokens import open_tokenizer

BATCH = 32


class PlainEmbedding:
    """MiniLM without any of Ammon's care."""

    def __init__(self) -> None:
        import onnxruntime

        files = model_files.minilm()
        self._tokenizer = open_tokenizer(files.tokenizer)
        self._tokenizer.enable_truncation(files.max_tokens)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(files.weights), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [value.name for value in self._session.get_inputs()]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One batch: (n, d), rows of length one."""
        encoded = self._tokenizer.encode_batch([encodable(text) for text in texts])
        given = {
            "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], dtype=np.int64),
            "token_type_ids": np.array([one.type_ids for one in encoded], dtype=np.int64),
        }
        (states,) = self._session.run(None, {name: given[name] for name in self._inputs})[:1]
        mask = given["attention_mask"][:, :, None]
        pooled = (np.asarray(states) * mask).sum(axis=1) / mask.sum(axis=1)
        vectors: Vectors = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype("<f4")
        return vectors

    def cost(self, texts: Sequence[str], every: int = 1) -> Cost:
        """What all of these texts take; with `every`, told from every so manieth batch."""
        starts = range(0, len(texts), BATCH)
        chosen = starts[::every]
        with Stopwatch() as watch:
            for start in chosen:
                self.embed(texts[start : start + BATCH])
        times = len(starts) / max(len(chosen), 1)
        return Cost(watch.seconds * times, watch.cpu * times)
