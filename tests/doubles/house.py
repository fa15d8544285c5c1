"""A whole data folder, composed as in earnest but with small models, for tests of the ways in."""

from pathlib import Path

from indexer.extraction import Extractor
from inference.embedder import Embedder
from server.composition import compose
from server.core import Core
from server.settings import Settings
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder


def open_house(settings: Settings) -> Core:
    """The core of a data folder: SQLite, files and threads are real, the models are doubles."""
    return compose(settings, extractor=_extractor, embedder=_embedder)


def settings_in(folder: Path, **changes: object) -> Settings:
    """Settings whose data folder is a test's own; test clients ask for its hosts."""
    own = {
        "data_dir": folder / "data",
        "max_request_mb": 1,
        "allowed_hosts": ["test", "testserver"],
    }
    return Settings.model_validate({**own, **changes})


def _extractor(name: str, _: Settings) -> Extractor:
    return ScriptedExtractor(fingerprint=name)


def _embedder(name: str, _: Settings) -> Embedder:
    return HashEmbedder(64 if name == "minilm" else 32)
