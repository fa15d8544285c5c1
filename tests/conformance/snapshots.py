"""What every place for snapshots does."""

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kg.errors import SnapshotDamaged, SnapshotError, SnapshotMissing
from kg.snapshot import Snapshots, SnapshotWriter, current_revision, revision_of


def fill(writer: SnapshotWriter) -> None:
    writer.put("numbers", np.arange(100))
    writer.finish(collection="c", revision=1, models={}, counts={}, properties={})


def write(place: Snapshots, revision: int) -> str:
    return place.write(revision, fill)


NONSENSE = [b"\xff\xfe\0", b"nope", b"\0" * 6, b"../..", b"", b"r0000000001-0000/.."]


class SnapshotsConformance:
    """Inherit this, and make `place` a fixture: a place without snapshots. `scribble` puts other
    bytes in the place of its pointer."""

    def scribble(self, place: Snapshots, data: bytes) -> None:
        raise NotImplementedError

    def test_an_empty_place_has_no_snapshot(self, place: Snapshots) -> None:
        assert (place.current(), place.names(), place.prune()) == (None, [], [])
        with pytest.raises(
            SnapshotMissing, match=r"Ingest a document.*ammon rebuild --collection NAME"
        ):
            place.open()

    def test_what_is_written_is_not_yet_published(self, place: Snapshots) -> None:
        name = write(place, 1)
        assert place.names() == [name]
        assert place.current() is None

    def test_what_is_published_is_opened(self, place: Snapshots) -> None:
        name = write(place, 1)
        place.publish(name)
        assert place.current() == name
        assert place.open().path == place.path / name
        assert int(place.open(name).array("numbers").sum()) == 4950

    def test_names_are_in_order_of_revision(self, place: Snapshots) -> None:
        names = [write(place, revision) for revision in (2, 10, 9)]
        assert place.names() == [names[0], names[2], names[1]]
        assert [revision_of(name) for name in names] == [2, 10, 9]

    def test_two_snapshots_of_one_revision_have_two_names(self, place: Snapshots) -> None:
        assert len({write(place, 1), write(place, 1)}) == 2

    def test_a_snapshot_that_fails_half_way_leaves_nothing(self, place: Snapshots) -> None:
        def fail(writer: SnapshotWriter) -> None:
            writer.put("numbers", np.arange(100))
            raise RuntimeError("no more")

        with pytest.raises(RuntimeError, match="no more"):
            place.write(1, fail)
        assert place.names() == []
        assert list(place.path.iterdir()) == []

    def test_a_missing_snapshot_is_not_published(self, place: Snapshots) -> None:
        good = write(place, 1)
        place.publish(good)
        with pytest.raises(SnapshotError):
            place.publish("r0000000009-0000")
        with pytest.raises(SnapshotError):
            place.publish_over(good, "r0000000009-0000")
        assert place.current() == good

    def test_the_first_is_published_over_none(self, place: Snapshots) -> None:
        name = write(place, 1)
        assert place.publish_over(None, name)
        assert place.current() == name

    def test_what_is_published_over_another_takes_its_place(self, place: Snapshots) -> None:
        old, new = write(place, 1), write(place, 2)
        place.publish(old)
        assert place.publish_over(old, new)
        assert place.current() == new

    def test_nothing_is_published_over_what_is_not_current_any_more(self, place: Snapshots) -> None:
        old, new, late = write(place, 1), write(place, 3), write(place, 2)
        assert place.publish_over(None, old)
        assert place.publish_over(old, new)
        assert not place.publish_over(old, late)
        assert not place.publish_over(None, late)
        assert place.current() == new

    def test_nothing_is_published_over_one_that_was_taken_away(self, place: Snapshots) -> None:
        assert not place.publish_over("r0000000001-00000000", write(place, 2))
        assert place.current() is None

    def test_of_several_at_once_one_is_published(self, place: Snapshots) -> None:
        names = [write(place, 1) for _ in range(4)]
        ready = threading.Barrier(len(names))

        def publish(name: str) -> bool:
            ready.wait()
            return place.publish_over(None, name)

        with ThreadPoolExecutor(len(names)) as pool:
            won = list(pool.map(publish, names))
        assert won.count(True) == 1
        assert place.current() == names[won.index(True)]

    def test_an_older_snapshot_can_be_published_again(self, place: Snapshots) -> None:
        old, new = write(place, 1), write(place, 2)
        place.publish(new)
        place.publish(old)
        assert place.open().path.name == old

    def test_an_older_snapshot_can_be_opened_by_name(self, place: Snapshots) -> None:
        old, new = write(place, 1), write(place, 2)
        place.publish(new)
        assert place.open(old).path.name == old
        assert place.current() == new

    def test_a_manifest_is_read_without_opening(self, place: Snapshots) -> None:
        found = place.manifest(write(place, 1))
        assert (found.collection, found.revision) == ("c", 1)
        assert found.files["numbers.npy"].bytes == 100 * 8 + 128
        with pytest.raises(SnapshotMissing, match="r0000000009-0000"):
            place.manifest("r0000000009-0000")

    def test_a_sound_snapshot_passes_every_check(self, place: Snapshots) -> None:
        name = write(place, 1)
        place.check(name)
        place.check(name, thorough=True)

    @pytest.mark.parametrize("nonsense", NONSENSE)
    def test_a_pointer_to_no_snapshot_is_named_with_the_remedy(
        self, place: Snapshots, nonsense: bytes
    ) -> None:
        place.publish(write(place, 1))
        self.scribble(place, nonsense)
        told = r"CURRENT contains .* not the name of a snapshot.*ammon rebuild --collection NAME"
        with pytest.raises(SnapshotDamaged, match=told):
            place.current()
        with pytest.raises(SnapshotDamaged, match=told):
            place.open()
        assert current_revision(place) == -1

    @pytest.mark.parametrize("nonsense", NONSENSE)
    def test_over_a_pointer_to_no_snapshot_one_is_published_as_at_first(
        self, place: Snapshots, nonsense: bytes
    ) -> None:
        old, new = write(place, 1), write(place, 2)
        place.publish(old)
        self.scribble(place, nonsense)
        assert not place.publish_over(old, new)
        assert place.publish_over(None, new)
        assert place.current() == new

    def test_pruning_keeps_the_newest(self, place: Snapshots) -> None:
        names = [write(place, revision) for revision in range(4)]
        place.publish(names[3])
        assert place.prune(keep=2) == names[:2]
        assert place.names() == names[2:]

    def test_pruning_keeps_the_current_one_however_old(self, place: Snapshots) -> None:
        names = [write(place, revision) for revision in range(4)]
        place.publish(names[0])
        assert place.prune(keep=1) == names[1:3]
        assert place.names() == [names[0], names[3]]
        place.open()

    def test_what_is_open_stays_usable_after_pruning(self, place: Snapshots) -> None:
        names = [write(place, revision) for revision in range(6)]
        numbers = place.open(names[0]).array("numbers")
        place.publish(names[-1])
        place.prune(keep=1)
        assert not (place.path / names[0]).exists()
        assert int(numbers.sum()) == 4950

    def test_sweeping_leaves_what_is_finished(self, place: Snapshots) -> None:
        name = write(place, 1)
        place.sweep()
        assert place.names() == [name]

    def test_clearing_leaves_nothing(self, place: Snapshots) -> None:
        place.publish(write(place, 1))
        write(place, 2)
        place.clear()
        assert (place.current(), place.names()) == (None, [])

    def test_after_clearing_one_is_published_as_at_first(self, place: Snapshots) -> None:
        place.publish(write(place, 5))
        place.clear()
        name = write(place, 1)
        assert place.publish_over(None, name)
        assert place.open().path.name == name

    def test_a_full_disk_names_the_folder(self, place: Snapshots) -> None:
        def full(_: SnapshotWriter) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(SnapshotError, match=r"snapshots: No space left on device"):
            place.write(1, full)
        assert place.names() == []

    def test_the_lock_is_a_file_on_this_machine(self, place: Snapshots) -> None:
        assert isinstance(place.lock, Path)
        assert place.lock.parent == place.path
