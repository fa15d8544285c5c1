"""Which snapshots are asked."""

from pathlib import Path

import pytest

from bench import walk


def test_a_snapshot_itself_is_not_the_folder_of_snapshots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = tmp_path / "r0000000001-aaaaaaaa"
    one.mkdir()
    (tmp_path / "CURRENT").write_text(one.name, encoding="utf-8")
    with pytest.raises(SystemExit):
        walk.main(["--snapshot", str(one), "--queries", str(tmp_path / "queries.jsonl")])
    assert f"{one.name}' has no file CURRENT" in capsys.readouterr().err
