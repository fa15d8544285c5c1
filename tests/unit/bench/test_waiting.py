"""What tests that measure seconds count."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.doubles.waiting import Watch

_WATCHED = """
import sys, time
from tests.doubles.waiting import Watch
with Watch() as watch:
    print("begun", flush=True)
    sys.stdin.readline()
print(watch.seconds)
"""


@pytest.fixture
def watched() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _WATCHED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_seconds_are_counted() -> None:
    began = time.monotonic()
    with Watch() as watch:
        time.sleep(0.3)
    assert watch.seconds <= time.monotonic() - began
    assert watch.seconds > 0.2


def test_seconds_in_which_a_process_stands_still_are_not(watched: "subprocess.Popen[str]") -> None:
    assert watched.stdout is not None
    assert watched.stdout.readline() == "begun\n"
    began = time.monotonic()
    os.kill(watched.pid, signal.SIGSTOP)
    time.sleep(1.0)
    stood = time.monotonic() - began
    os.kill(watched.pid, signal.SIGCONT)
    told, _ = watched.communicate("\n", timeout=60)
    took = time.monotonic() - began
    assert float(told) <= took - stood + 0.5
