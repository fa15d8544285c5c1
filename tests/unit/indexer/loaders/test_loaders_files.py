import os
from pathlib import Path

import pytest

from indexer.loaders import Limits, LoadFailure, load
from kg.records import SourceDocument


def outcome(*paths: Path, limits: Limits | None = None) -> tuple[list[str], list[LoadFailure]]:
    found = list(load(paths, limits=limits or Limits()))
    return (
        [one.source for one in found if isinstance(one, SourceDocument)],
        [one for one in found if isinstance(one, LoadFailure)],
    )


def test_a_file_is_known_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert outcome(tmp_path / "a.txt") == (["a.txt"], [])


def test_a_file_in_a_folder_is_known_by_its_path_from_there(tmp_path: Path) -> None:
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    (tmp_path / "notes" / "deep" / "a.txt").write_text("x")
    assert outcome(tmp_path) == (["notes/deep/a.txt"], [])


def test_folders_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "z/1.txt", "c/2.txt", "c/1.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert outcome(tmp_path)[0] == ["a.txt", "b.txt", "c/1.md", "c/2.txt", "z/1.txt"]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.txt").write_text("x")
    (tmp_path / ".hidden.txt").write_text("x")
    assert outcome(tmp_path) == ([], [])


@pytest.mark.parametrize("data", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_skipped_in_a_folder_and_a_failure_by_itself(
    tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "nothing.md").write_bytes(data)
    (in_folder,) = load([tmp_path])
    (by_itself,) = load([tmp_path / "nothing.md"])
    assert isinstance(in_folder, LoadFailure)
    assert (in_folder.source, in_folder.skipped, in_folder.empty) == ("nothing.md", True, True)
    assert isinstance(by_itself, LoadFailure)
    assert not by_itself.skipped


def test_a_file_of_unknown_kind_in_a_folder_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (failure,) = outcome(tmp_path)[1]
    assert (failure.source, failure.skipped) == ("photo.png", True)
    assert "To read it as text, give the file itself." in failure.reason


def test_a_file_of_unknown_kind_that_is_named_is_read_if_it_is_text(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("Read me.")
    assert outcome(tmp_path / "README") == (["README"], [])


def test_a_file_of_unknown_kind_that_is_named_fails_if_it_is_none(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    (failure,) = outcome(tmp_path / "photo.png")[1]
    assert not failure.skipped
    assert "photo.png" in failure.reason


def test_a_bad_file_is_reported_by_name_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7 broken")
    (tmp_path / "c.txt").write_text("x")
    sources, (failure,) = outcome(tmp_path)
    assert sources == ["a.txt", "c.txt"]
    assert failure.source == "b.pdf"


def test_a_path_that_is_not_there_is_reported(tmp_path: Path) -> None:
    (failure,) = outcome(tmp_path / "gone.txt")[1]
    assert (failure.source, "No such file" in failure.reason) == ("gone.txt", True)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 11)
    (failure,) = outcome(tmp_path, limits=Limits(max_file_bytes=10))[1]
    assert "11 bytes" in failure.reason


def test_a_source_that_came_before_is_reported(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)
    sources, (failure,) = outcome(tmp_path / "one", tmp_path / "two")
    assert sources == ["a.txt"]
    assert failure.source == "a.txt"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    (failure,) = outcome(tmp_path)[1]
    assert "not a regular file" in failure.reason


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.txt").chmod(0)
    (failure,) = outcome(tmp_path)[1]
    assert "Permission denied" in failure.reason


def test_an_empty_folder_gives_nothing(tmp_path: Path) -> None:
    assert outcome(tmp_path) == ([], [])


def test_names_in_any_script_are_kept(tmp_path: Path) -> None:
    (tmp_path / "память 记忆.txt").write_text("x")
    (document,) = load([tmp_path])
    assert isinstance(document, SourceDocument)
    assert (document.source, document.title) == ("память 记忆.txt", "память 记忆")


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert outcome(tmp_path)[0] == ["a.txt"]


@pytest.mark.parametrize("kind", ["txt", "md", "html", "pdf", "docx", "csv", "json", "jsonl"])
def test_an_empty_file_of_any_kind_is_called_empty(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"a.{kind}"
    file.touch()
    _, failures = outcome(file)
    assert [failure.reason for failure in failures] == [f"'a.{kind}' is empty."]
