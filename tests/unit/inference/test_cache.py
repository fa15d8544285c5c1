import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import apsw
import numpy as np
import pytest

from inference import vector_file
from inference.cache import CachedEmbedder
from inference.embedder import Kind, Progress, Vectors
from inference.instructions import Instructions
from kg.errors import ModelUnavailable, StoreUnavailable
from tests.doubles.hash_embedder import HashEmbedder


class CountingEmbedder(HashEmbedder):
    """Keeps what it was asked for; may have instructions, another name, or fail at a text."""

    def __init__(
        self, name: str = "counting", instructions: Instructions | None = None, fail_at: str = ""
    ) -> None:
        super().__init__(32)
        self.asked: list[str] = []
        self.instructions = instructions or {}
        self._name = name
        self._fail_at = fail_at

    @property
    def model_id(self) -> str:
        return self._name

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        if self._fail_at in texts and self._fail_at:
            raise ModelUnavailable("gone")
        self.asked += texts
        prefix = self.instructions.get(kind, "")
        return super().embed([prefix + text for text in texts], kind, progress)


def test_a_text_is_embedded_once_over_calls_kinds_and_runs(tmp_path: Path) -> None:
    first = CountingEmbedder()
    cached = CachedEmbedder(first, tmp_path / "v.sqlite")
    vectors = cached.embed(["maze", "rat", "maze"], "passage")
    assert first.asked == ["maze", "rat"]
    second = CountingEmbedder()
    again = CachedEmbedder(second, tmp_path / "v.sqlite").embed(["rat", "dog", "maze"], "entity")
    assert second.asked == ["dog"]
    np.testing.assert_array_equal(again[[2, 0, 2]], vectors)


def test_models_do_not_share_vectors(tmp_path: Path) -> None:
    CachedEmbedder(CountingEmbedder("one"), tmp_path / "v.sqlite").embed(["maze"], "passage")
    other = CountingEmbedder("two")
    CachedEmbedder(other, tmp_path / "v.sqlite").embed(["maze"], "passage")
    assert other.asked == ["maze"]


def test_a_kind_with_an_instruction_has_vectors_of_its_own(tmp_path: Path) -> None:
    embedder = CountingEmbedder(instructions={"fact": "fact: "})
    cached = CachedEmbedder(embedder, tmp_path / "v.sqlite")
    passage, fact = cached.embed(["maze"], "passage"), cached.embed(["maze"], "fact")
    assert embedder.asked == ["maze", "maze"]
    assert not np.array_equal(passage, fact)
    cached.embed(["maze"], "sentence")
    assert embedder.asked == ["maze", "maze"]


def test_questions_are_kept_in_memory_and_not_in_the_file(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    cached = CachedEmbedder(embedder, tmp_path / "v.sqlite")
    first = cached.embed(["who?"], "query")
    np.testing.assert_array_equal(cached.embed(["who?"], "query_to_fact"), first)
    assert embedder.asked == ["who?"]
    later = CountingEmbedder()
    CachedEmbedder(later, tmp_path / "v.sqlite").embed(["who?"], "query")
    assert later.asked == ["who?"]


def test_what_was_embedded_before_a_failure_is_not_embedded_again(tmp_path: Path) -> None:
    texts = [f"{number} " + "x" * 30_000 for number in range(6)]
    failing = CountingEmbedder(fail_at=texts[4])
    with pytest.raises(ModelUnavailable):
        CachedEmbedder(failing, tmp_path / "v.sqlite").embed(texts, "passage")
    resumed = CountingEmbedder()
    CachedEmbedder(resumed, tmp_path / "v.sqlite").embed(texts, "passage")
    assert resumed.asked == texts[4:]


def test_the_dimension_is_known_without_the_model_once_vectors_are_there(tmp_path: Path) -> None:
    CachedEmbedder(CountingEmbedder(), tmp_path / "v.sqlite").embed(["maze"], "passage")

    class Unloaded(CountingEmbedder):
        @property
        def dimension(self) -> int:
            raise AssertionError("loaded")

    cached = CachedEmbedder(Unloaded(), tmp_path / "v.sqlite")
    assert cached.embed(["maze"], "passage").shape == (1, 32)


@pytest.mark.parametrize("damage", ["header", "middle"])
def test_a_damaged_file_is_set_aside_with_a_warning(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "v.sqlite"
    texts = [f"maze {number}" for number in range(2000)]
    cached = CachedEmbedder(CountingEmbedder(), path)
    wanted = cached.embed(texts, "passage")
    cached.close()
    with path.open("r+b") as file:
        file.seek(0 if damage == "header" else 16384)
        file.write(b"\xff" * (4096 if damage == "header" else 16384 * 5))
    embedder = CountingEmbedder()
    with caplog.at_level(logging.WARNING):
        reopened = CachedEmbedder(embedder, path)
        np.testing.assert_array_equal(reopened.embed(texts, "passage"), wanted)
    assert embedder.asked == texts
    assert "v.sqlite is damaged" in caplog.text
    assert (tmp_path / "v.sqlite.damaged").exists()
    assert len(CachedEmbedder(embedder, path).embed(texts, "passage")) == len(embedder.asked)


def test_a_damaged_vector_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    cached = CachedEmbedder(CountingEmbedder(), path)
    wanted = cached.embed(["maze", "rat"], "passage")
    cached.close()
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE vector SET data = zeroblob(128) WHERE rowid = 1")
    connection.execute("UPDATE vector SET data = x'00' WHERE rowid = 2")
    connection.close()
    embedder = CountingEmbedder()
    again = CachedEmbedder(embedder, path)
    np.testing.assert_array_equal(again.embed(["maze", "rat"], "passage"), wanted)
    again.embed(["maze", "rat"], "passage")
    assert embedder.asked == ["maze", "rat"]


def test_a_path_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match=r"Cannot use the embedding cache .*file.v\.sqlite"):
        CachedEmbedder(HashEmbedder(), tmp_path / "file" / "v.sqlite")


_WRITER = """
import sys
from pathlib import Path
from inference import vector_file
from inference.cache import CachedEmbedder
from tests.doubles.hash_embedder import HashEmbedder
cached = CachedEmbedder(HashEmbedder(), Path(sys.argv[1]))
for start in range(0, 1000, 50):
    cached.embed([f"maze {i}" for i in range(start, start + 75)], "passage")
"""


def test_several_processes_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(path)]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    texts = [f"maze {number}" for number in range(1025)]
    np.testing.assert_array_equal(
        CachedEmbedder(HashEmbedder(), path).embed(texts, "passage"),
        HashEmbedder().embed(texts, "passage"),
    )


def test_a_cache_that_is_full_forgets_what_it_has_had_for_longest(tmp_path: Path) -> None:
    path, embedder = tmp_path / "v.sqlite", CountingEmbedder()
    cached = CachedEmbedder(embedder, path, most_bytes=500_000)
    texts = [f"maze {number}" for number in range(12_000)]
    cached.embed(texts, "passage")
    embedder.asked.clear()
    cached.embed(texts[-200:], "passage")
    assert embedder.asked == []
    cached.embed(texts[:200], "passage")
    assert embedder.asked == texts[:200]
    cached.close()
    assert path.stat().st_size < 800_000


def test_where_nothing_may_be_written_questions_are_embedded_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_file, "_may_be_written", lambda _: False)
    embedder = CountingEmbedder()
    cached = CachedEmbedder(embedder, tmp_path / "cache" / "v.sqlite")
    expected = HashEmbedder(32).embed(["Who?"], "query")
    np.testing.assert_array_equal(cached.embed(["Who?"], "query"), expected)
    with pytest.raises(StoreUnavailable, match="Check that its folder is writable"):
        cached.embed(["maze"], "passage")
    assert list(tmp_path.iterdir()) == []
