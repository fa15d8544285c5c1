"""Names of extractors and embedders, as people write them and as collections keep them.

A collection stores the full name, with the model and with absolute paths, so that it is indexed in
the same way later, even if the settings have changed.
"""

from pathlib import Path

from kg.errors import SettingsInvalid

EXTRACTORS = "spacy, spacy:MODEL, llm, llm:MODEL or precomputed:FILE"
EMBEDDERS = "minilm, onnx:PATH, sentence-transformers:NAME, openai or openai:MODEL"


def split(spec: str) -> tuple[str, str]:
    """The kind and what follows its colon: 'openai:a:b' -> ('openai', 'a:b')."""
    kind, _, rest = spec.strip().partition(":")
    return kind, rest.strip()


def is_forkable(embedder: str) -> bool:
    """Whether an embedder survives a fork: those that run in onnxruntime, on the calling thread,
    do; they have no connections."""
    return split(embedder)[0] in ("minilm", "onnx")


def resolve_extractor(spec: str, llm_model: str) -> str:
    """The full name of an extractor. Raises: SettingsInvalid."""
    match split(spec):
        case "spacy", "":
            return "spacy"
        case "spacy", model:
            return f"spacy:{model}"
        case "llm", model:
            return f"llm:{model or llm_model}"
        case "precomputed", path if path:
            return f"precomputed:{_file(path)}"
    raise SettingsInvalid(f"Unknown extractor {spec!r}: choose {EXTRACTORS}.")


def resolve_embedder(spec: str, embedding_model: str) -> str:
    """The full name of an embedder. Raises: SettingsInvalid."""
    match split(spec):
        case "minilm", "":
            return "minilm"
        case "onnx", path if path:
            return f"onnx:{_file(path)}"
        case "sentence-transformers", name if name:
            return f"sentence-transformers:{name}"
        case "openai", model:
            return f"openai:{model or embedding_model}"
    raise SettingsInvalid(f"Unknown embedder {spec!r}: choose {EMBEDDERS}.")


def _file(path: str) -> Path:
    found = Path(path).expanduser().absolute()
    if not found.exists():
        raise SettingsInvalid(f"The path {found} does not exist.")
    return found
