"""Names of workers, from which others can see after a crash that the process is gone.

A name is `host/namespace:pid:start:mark`. A process id alone proves nothing: it is given out again,
and in another container the same number is another process. Hence the start time beside it, and
the namespace within which process ids mean something.
"""

import os
import socket
import uuid
from pathlib import Path

_UNKNOWN = "-"
_DEAD_STATES = frozenset("ZX")
"""A zombie works no more, though its id is still taken."""


def worker_name() -> str:
    """A name for a worker of this process, different at every call."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_start(pid) or _UNKNOWN}:{uuid.uuid4().hex[:8]}"


def is_dead(worker: str) -> bool:
    """Whether the worker's process is certainly gone. In doubt, as on other machines, it is not."""
    try:
        machine, pid_text, start, _ = worker.rsplit(":", 3)
        pid = int(pid_text)
    except ValueError:
        return False
    if machine != _machine() or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return start != _UNKNOWN and _start(pid) != start


def _machine() -> str:
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        namespace = _UNKNOWN
    return f"{socket.gethostname()}/{namespace}"


def _start(pid: int) -> str:
    """When the process began (clock ticks since the machine did); '' if dead or unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat[stat.rindex(")") + 1 :].split()
    return "" if fields[0] in _DEAD_STATES else fields[19]
