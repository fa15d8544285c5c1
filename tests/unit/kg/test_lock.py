"""A file's lock has one holder, also where holders remove the file."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kg.errors import SnapshotUnavailable
from kg.lock import file_lock, is_locked


def test_a_lock_is_seen_while_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    assert not is_locked(path)
    with file_lock(path):
        assert is_locked(path)
    assert not is_locked(path)
    assert path.exists()


def test_a_file_that_is_removed_keeps_others_out_all_the_same(tmp_path: Path) -> None:
    holders: list[int] = []

    def hold(number: int) -> bool:
        with file_lock(tmp_path / "folder" / "lock", remove=number % 2 == 0):
            holders.append(number)
            time.sleep(0.0002)  # so that another one could come
            alone = holders == [number]
            holders.clear()
        return alone

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(hold, range(400)))


def test_the_last_holder_may_leave_nothing(tmp_path: Path) -> None:
    with file_lock(tmp_path / "lock", remove=True):
        assert is_locked(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_who_waits_may_give_up(tmp_path: Path) -> None:
    def give_up() -> None:
        raise TimeoutError

    path = tmp_path / "a.lock"
    held = file_lock(path, waiting=give_up)  # nobody has it: there is nothing to wait for
    with held, pytest.raises(TimeoutError), file_lock(path, waiting=give_up):
        pass
    assert not is_locked(path)


@pytest.mark.parametrize("link", ["", "lock"])
def test_a_link_that_leads_nowhere_is_named_with_the_remedy(tmp_path: Path, link: str) -> None:
    folder = tmp_path / "folder"
    if link:
        folder.mkdir()
    (folder / link).symlink_to(tmp_path / "gone" / "further")
    with pytest.raises(SnapshotUnavailable) as refused, file_lock(folder / "lock"):
        pass
    assert str(folder / "lock") in str(refused.value)
    assert "Check that the folder exists" in str(refused.value)


def test_a_file_in_place_of_the_folder_is_named_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    path.parent.write_text("no folder", encoding="utf-8")
    with pytest.raises(SnapshotUnavailable, match=r"Not a directory.*Check that the folder"):
        is_locked(path)
    with pytest.raises(SnapshotUnavailable, match="Check that the folder"), file_lock(path):
        pass
