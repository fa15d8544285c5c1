"""Processes that are forked, replaced and given up. Each test in a process of its own: this one has
threads."""

import subprocess
import sys

import pytest

from server.settings.specs import is_forkable

_HEAD = """
import os, signal, sys, time
from server.serving import processes
from server.serving.processes import Processes
processes._PAUSE_SECONDS = 0.01
"""


def run(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", _HEAD + code], capture_output=True, encoding="utf-8", check=False
    )


def test_each_works_with_its_own_number() -> None:
    done = run(
        """
reading, writing = os.pipe()
def work(number):
    os.write(writing, bytes([number]))
    time.sleep(60)
def begun():
    seen = sorted(os.read(reading, 1)[0] for _ in range(3))
    print(seen, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
print(Processes(3, work).run(begun))
"""
    )
    assert done.stdout == "[0, 1, 2]\nTrue\n", done.stderr


def test_they_are_given_up_if_they_die_as_soon_as_they_begin() -> None:
    done = run(
        """
def work(number):
    os.write(1, b"begun ")
    raise ValueError("no")
print(Processes(1, work).run(lambda: None))
"""
    )
    assert done.stdout == "begun " * 5 + "False\n"
    assert done.stderr.count("ValueError: no") == 5


def test_one_that_does_not_end_when_told_is_killed() -> None:
    done = run(
        """
processes._STOP_SECONDS = 0.2
reading, writing = os.pipe()
def work(number):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(writing, b"!")
    time.sleep(60)
def begun():
    os.read(reading, 1)
    os.kill(os.getpid(), signal.SIGINT)
print(Processes(1, work).run(begun))
"""
    )
    assert done.stdout == "True\n", done.stderr


def test_orphans_end_together_and_one_that_hangs_is_killed() -> None:
    done = run(
        """
processes._STOP_SECONDS = 4.0
signal.alarm(60)
told, telling = os.pipe()
begun, beginning = os.pipe()
lives, living = os.pipe()
os.write(living, b"1")
os.close(living)
def work(number):
    def end(*_):
        os.write(telling, bytes([number]))
        time.sleep(30)
    signal.signal(signal.SIGTERM, end)
    if number:
        os.write(beginning, b"!")
    elif not os.read(lives, 1):  # the second that has this number
        os.read(begun, 1), os.read(begun, 1)
        os.kill(os.getppid(), signal.SIGKILL)
    else:
        return
    time.sleep(30)
if os.fork() == 0:
    Processes(3, work).run(lambda: None)
os.close(telling)
print(sorted(b"".join(iter(lambda: os.read(told, 9), b""))))
"""
    )
    assert done.stdout == "[0, 1, 2]\n", done.stderr


@pytest.mark.parametrize("name", ["minilm", "onnx:/models/e5"])
def test_models_without_threads_and_connections_may_be_shared(name: str) -> None:
    assert is_forkable(name)


@pytest.mark.parametrize("name", ["openai:text-embedding-3-small", "sentence-transformers:e5"])
def test_other_models_are_each_process_s_own(name: str) -> None:
    assert not is_forkable(name)
