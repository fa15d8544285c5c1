"""Servers that the suites are run against."""

from tests.servers.neo4j import empty_neo4j, neo4j_server

__all__ = ["empty_neo4j", "neo4j_server"]
