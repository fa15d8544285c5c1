"""Workers whose store is Neo4j: as they stand on several machines."""

from pathlib import Path

import pytest

from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus, graph_of, undisturbed
from tests.servers.neo4j import Neo4jServer, empty_neo4j, neo4j_server
from tests.servers.redis import RedisServer, redis_server

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")
__all__ = ["empty_neo4j", "neo4j_server", "redis_server"]
DOCUMENTS = corpus(8)


def test_two_workers_make_in_neo4j_the_graph_that_one_process_makes_in_a_file(
    tmp_path: Path, empty_neo4j: Neo4jServer, redis_server: RedisServer
) -> None:
    ledger = Ledger(seconds=0.02)
    with ledger_server(ledger) as model:
        wanted = undisturbed(tmp_path / "undisturbed", model.url, DOCUMENTS)
        ledger.answered.clear()
        plant = Plant(
            folder=tmp_path,
            broker_url=redis_server.url,
            model_url=model.url,
            extra={
                "store": "neo4j",
                "neo4j_uri": empty_neo4j.uri,
                "neo4j_password": empty_neo4j.password,
                "first_tier": "false",
            },
        )
        try:
            plant.begin("extract")
            plant.begin("embed,commit")
            with plant.opened() as core:
                core.create_collection(COLLECTION, WANTED)
                core.submit(COLLECTION, DOCUMENTS)
                core.worker.run_until_empty(COLLECTION)
                found = graph_of(core)
            ends = [plant.end(0), plant.end(1)]
        finally:
            plant.close()
    assert found == wanted
    assert ledger.doubled() == []
    assert ends == [0, 0]
