"""Fixtures of real servers, for all tests."""

from tests.servers.neo4j import empty_neo4j, neo4j_server

__all__ = ["empty_neo4j", "neo4j_server"]
