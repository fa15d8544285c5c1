"""Fetch what the tests' servers are made of, so that no test has to wait for that."""

import argparse

from tests.servers import neo4j, s3

_WHAT = """\
Fetch the servers that no package manager brings, so that no test has to wait for them: Neo4j
with its Browser (by Maven) and versitygw, which speaks S3 (by Go). They stay in
~/.cache/ammon/servers, or below XDG_CACHE_HOME; what is there is not fetched again. Nothing is
started."""
_REST = """\
Tests start what they need themselves (these two, Redis, RabbitMQ, Chromium; `make servers`
installs the programs), each on a free port of 127.0.0.1, its data in a temporary folder of the
test run. A server has a guardian, a process `python -m tests.servers.guardian PID COMMAND …`,
which ends it when nobody needs it any more, or when the test run (PID) is gone, however it
ended. To end one by hand, end its guardian: kill GUARDIAN_PID."""

argparse.ArgumentParser(
    prog="python -m tests.servers",
    description=_WHAT,
    epilog=_REST,
    formatter_class=argparse.RawDescriptionHelpFormatter,
).parse_args()
neo4j.installed()
s3.installed()
