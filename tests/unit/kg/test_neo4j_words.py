"""What Neo4j complains of is told in words."""

import pytest

pytest.importorskip("neo4j", reason="pip install -e '.[neo4j]'")


def test_what_a_server_says_is_told_without_codes() -> None:
    from neo4j.exceptions import Neo4jError

    from kg.neo4j.diagnosis import said_by

    refused = Neo4jError._hydrate_neo4j(  # as the driver makes them of answers
        code="Neo.ClientError.Security.Unauthorized", message="The client is unauthorized."
    )
    assert "neo4j_code" in str(refused)
    assert said_by(refused) == "The client is unauthorized"


def test_what_the_driver_says_itself_is_told_as_it_is() -> None:
    from neo4j.exceptions import Neo4jError, ServiceUnavailable

    from kg.neo4j.diagnosis import said_by

    assert said_by(ServiceUnavailable("Cannot connect.")) == "Cannot connect"
    assert said_by(Neo4jError("Nobody listens.")) == "Nobody listens"
