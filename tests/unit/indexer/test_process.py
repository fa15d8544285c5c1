"""A worker counts as dead only if its process certainly is."""

import os
import subprocess
import sys

import pytest

from indexer.process import is_dead, worker_name


def test_a_worker_of_this_process_lives() -> None:
    assert not is_dead(worker_name())


def test_no_two_workers_share_a_name() -> None:
    assert worker_name() != worker_name()


@pytest.mark.parametrize("waited_for", [True, False], ids=["gone", "zombie"])
def test_a_worker_whose_process_was_killed_is_dead(waited_for: bool) -> None:
    program = "from indexer.process import worker_name; print(worker_name(), flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    name = child.stdout.readline().strip()
    assert not is_dead(name)
    child.kill()
    if waited_for:
        child.wait()
    else:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    dead = is_dead(name)
    child.communicate()
    assert dead


def test_a_process_that_took_over_the_number_is_another() -> None:
    machine, pid, _, mark = worker_name().rsplit(":", 3)
    assert is_dead(f"{machine}:{pid}:1:{mark}")


def test_of_workers_on_other_machines_nothing_is_known() -> None:
    _, pid, start, mark = worker_name().rsplit(":", 3)
    assert not is_dead(f"elsewhere/-:{pid}:{start}:{mark}")
    assert not is_dead(f"elsewhere/-:999999999:1:{mark}")


@pytest.mark.parametrize("name", ["", "worker-1", "a:b:c:d", "::::"])
def test_of_foreign_names_nothing_is_known(name: str) -> None:
    assert not is_dead(name)
