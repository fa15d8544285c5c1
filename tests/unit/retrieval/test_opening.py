"""Opening a folder of snapshots."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path

import pytest

from kg.snapshot import SnapshotFolder
from retrieval.retriever import Retriever
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.snapshots import APassage, Handmade


@pytest.mark.parametrize("given", [str, Path])
def test_a_folder_may_be_named_by_a_string_or_a_path(
    tmp_path: Path, given: Callable[[Path], str | PathLike[str]]
) -> None:
    made = Handmade(passages=[APassage(text="one")], revision=7, embedder="hash-2").snapshot()
    folder = SnapshotFolder(tmp_path)
    folder.publish(folder.write(7, made.write))
    assert Retriever.open(given(tmp_path), HashEmbedder(2)).snapshot.revision == 7
