"""Copies of snapshots go when another machine deleted their collection."""

from pathlib import Path

from server.mirrors import swept
from tests.doubles.house import open_house, settings_in
from tests.doubles.waiting import until


def test_a_collection_that_was_deleted_elsewhere_leaves_no_copy(tmp_path: Path) -> None:
    (tmp_path / "far" / "collections").mkdir(parents=True)
    core = open_house(settings_in(tmp_path, snapshot_url=(tmp_path / "far").as_uri()))
    core.create_collection("papers")
    core.create_collection("kept")
    folders = {name: core.snapshot_folder(name).path for name in ("papers", "kept")}
    for folder in folders.values():
        (folder / "r0000000001-00000000").mkdir(parents=True)
    with swept(core, seconds=0.01):
        core.store.delete_collection("papers")  # as another machine does
        until(lambda: not (folders["papers"] / "r0000000001-00000000").exists())
    assert (folders["kept"] / "r0000000001-00000000").is_dir()
    core.close()


def test_without_a_url_nothing_is_looked_at(tmp_path: Path) -> None:
    core = open_house(settings_in(tmp_path))
    core.create_collection("papers")
    only = core.snapshot_folder("papers").path / "r0000000001-00000000"
    only.mkdir(parents=True)
    core.store.delete_collection("papers")
    with swept(core, seconds=0.01):
        pass
    assert only.is_dir()
    core.close()
