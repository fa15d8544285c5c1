"""Commands over snapshots that are damaged or gone: what they tell, and what mends it."""

from dataclasses import replace
from pathlib import Path

import pytest

from kg.lock import file_lock
from kg.snapshot.container import Manifest
from tests.doubles.command_line import Ammon


def _pointer(folder: Path) -> Path:
    (pointer,) = (folder / "data").glob("collections/*/snapshots/*/CURRENT")
    return pointer


def test_status_tells_of_damage_and_of_the_remedy(
    ammon: Ammon, notes: Path, tmp_path: Path
) -> None:
    ammon("ingest", notes, "-c", "papers")
    pointer = _pointer(tmp_path)
    file = pointer.parent / pointer.read_text(encoding="utf-8") / "passages.id.data.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    told = ammon("status").out
    assert "passages.id.data.npy is damaged" in told
    assert "ammon rebuild --collection 'papers'" in told
    (found,) = ammon("status", "--json").json["collections"]
    assert not found["current"]
    assert "is damaged" in found["damage"]


@pytest.mark.parametrize("nonsense", [b"\xff\xfe\0", b"nope", b"\0" * 6, b"../.."])
def test_a_pointer_to_no_snapshot_is_named_and_mended_by_the_command_that_is_told(
    ammon: Ammon, notes: Path, tmp_path: Path, nonsense: bytes
) -> None:
    ammon("ingest", notes, "-c", "papers")
    pointer = _pointer(tmp_path)
    pointer.write_bytes(nonsense)
    ammon("ingest", notes, "-c", "others")
    for command in (["query", "Who?"], ["why", "Who?", "lashley.txt"]):
        told = ammon(*command, "-c", "papers")
        assert told.code == 1
        assert "CURRENT contains" in told.err
        assert "ammon rebuild --collection 'papers'" in told.err
    others, papers = ammon("status", "--json").json["collections"]
    assert (others["damage"], others["current"]) == ("", True)
    assert "ammon rebuild --collection 'papers'" in papers["damage"]
    assert (papers["snapshot"], papers["current"]) == (None, False)
    assert ammon("rebuild", "-c", "papers").code == 0
    assert ammon("query", "Who sought the Engram?", "-c", "papers").code == 0


def test_after_a_pointer_to_no_snapshot_ingesting_and_deleting_publish_again(
    ammon: Ammon, notes: Path, tmp_path: Path
) -> None:
    ammon("ingest", notes)
    pointer = _pointer(tmp_path)
    pointer.write_bytes(b"\xff\xfe\0")
    assert ammon("ingest", notes).code == 0
    assert ammon("status", "--json").json["collections"][0]["current"]
    pointer.write_bytes(b"nope")
    assert ammon("delete", "lashley.txt", "--yes").code == 0
    assert ammon("status", "--json").json["collections"][0]["current"]


def test_what_is_no_manifest_any_more_is_mended_by_the_command_that_is_told(
    ammon: Ammon, notes: Path, tmp_path: Path
) -> None:
    ammon("ingest", notes, "-c", "papers")
    pointer = _pointer(tmp_path)
    manifest = pointer.parent / pointer.read_text(encoding="utf-8") / "manifest.json"
    manifest.write_text("rubbish", encoding="utf-8")
    assert "ammon rebuild --collection 'papers'" in ammon("query", "Who?", "-c", "papers").err
    (found,) = ammon("status", "--json").json["collections"]
    assert "ammon rebuild --collection 'papers'" in found["damage"]


def test_a_snapshot_of_another_version_is_not_called_damaged(
    ammon: Ammon, notes: Path, tmp_path: Path
) -> None:
    ammon("ingest", notes)
    pointer = _pointer(tmp_path)
    manifest = pointer.parent / pointer.read_text(encoding="utf-8") / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"version": 2', '"version": 1'), encoding="utf-8")
    told = ammon("status").out
    assert "has the format" in told
    assert "damaged" not in told


def test_a_snapshot_of_an_earlier_version_s_embedder_is_told_with_the_remedy(
    ammon: Ammon, notes: Path, tmp_path: Path
) -> None:
    ammon("ingest", notes, "-c", "papers")
    pointer = _pointer(tmp_path)
    manifest = pointer.parent / pointer.read_text(encoding="utf-8") / "manifest.json"
    found = Manifest.loads(manifest.read_text(encoding="utf-8"), manifest)
    earlier = found.models["embedder"].removesuffix(":folded-1")
    manifest.write_text(replace(found, models={"embedder": earlier}).dumps(), encoding="utf-8")
    for command in (["query", "Who?", "-c", "papers"], ["status"]):
        told = ammon(*command)
        for part in (
            f"'{earlier}'",
            f"'{earlier}:folded-1'",
            "ammon rebuild --collection 'papers'",
        ):
            assert part in told.out + told.complaint
    (told_as_json,) = ammon("status", "--json").json["collections"]
    assert (told_as_json["current"], told_as_json["rebuilding"]) == (False, False)
    with file_lock(pointer.parent / "publish.lock"):
        assert "is being built again" in ammon("status").out
    assert ammon("rebuild", "-c", "papers").code == 0
    assert "up to date" in ammon("status").out


def test_without_a_snapshot_status_names_the_command(
    ammon: Ammon, notes: Path, tmp_path: Path
) -> None:
    ammon("ingest", notes, "-c", "papers")
    _pointer(tmp_path).unlink()
    told = ammon("status").out
    assert "no snapshot has been published" in told
    assert "ammon rebuild --collection 'papers'" in told
