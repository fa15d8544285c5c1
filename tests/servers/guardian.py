"""Runs a server and ends it with the test run: `python -m tests.servers.guardian PID COMMAND …`."""

import os
import signal
import subprocess
import sys
import time


def main() -> int:
    """Run the command until it ends, SIGTERM comes, or the process of this PID is gone."""
    watched, *command = sys.argv[1:]
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    server = subprocess.Popen(command)
    try:
        while server.poll() is None and not asked and _lives(int(watched)):
            time.sleep(0.2)
    finally:
        server.kill()
        server.wait()
    return server.returncode


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
