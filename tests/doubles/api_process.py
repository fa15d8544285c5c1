"""The HTTP API in earnest but for its embedder, as a process that tests may kill:
`python -m tests.doubles.api_process PORT`, with settings in the environment.
"""

import sys

import uvicorn

from server import logs, settings
from server.http.app import create_app
from tests.doubles.orphans import end_with_parent
from tests.doubles.worker_process import open_plant


def main(port: int) -> None:
    """Serve until told to end."""
    end_with_parent()
    chosen = settings.load().settings
    logs.configure(chosen, "info")
    app = create_app(chosen, lambda _: open_plant(chosen))
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
