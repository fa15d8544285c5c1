"""Fetch what the tests' servers are made of, so that no test has to wait for that."""

from tests.servers import neo4j, s3

neo4j.installed()
s3.installed()
