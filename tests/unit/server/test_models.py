from contextlib import ExitStack
from pathlib import Path

import numpy as np

from inference.cache import CachedEmbedder
from kg.records import CollectionSettings
from server.adapters import make_embedder, make_extractor
from server.folders import Folders
from server.models import Models
from server.settings import Settings

CHOSEN = CollectionSettings(extractor="spacy", embedder="minilm")


def test_full_width_letters_are_read_as_ordinary_ones_whatever_was_cached_of_them(
    tmp_path: Path,
) -> None:
    texts, folders = ["ＦＵＬＬ　ＷＩＤＴＨ？", "FULL WIDTH?"], Folders(tmp_path)
    earlier = CachedEmbedder(make_embedder("minilm", Settings()), folders.embeddings)
    assert not np.array_equal(*earlier.embed(texts, "passage"))
    earlier.close()
    with ExitStack() as resources:
        models = Models(
            Settings(),
            extractor=make_extractor,
            embedder=make_embedder,
            folders=folders,
            resources=resources,
        )
        embedder = models.embedder(CHOSEN)
        np.testing.assert_array_equal(*embedder.embed(texts, "passage"))
        np.testing.assert_array_equal(*embedder.embed(texts, "query"))
        assert embedder.model_id != earlier.model_id, "its snapshots are others"
