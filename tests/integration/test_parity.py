import json
from pathlib import Path

import pytest

from bench.parity import compare
from server.evaluation import read_dataset
from tests.servers.neo4j import Neo4jServer

_LETTERS = ["Anna wrote to Boris.", "Boris lives in Coimbra.", "Coimbra is in Portugal."]


def written(folder: Path) -> Path:
    """A data set with its extractions."""
    rows = {
        "corpus": [{"id": str(n), "title": "", "text": text} for n, text in enumerate(_LETTERS)],
        "queries": [{"id": "q", "question": "Where does Boris live?", "gold": ["1"]}],
        "openie": [
            {
                "id": str(n),
                "entities": [],
                "triples": [[text.split()[0], "is with", text.split()[-1]]],
            }
            for n, text in enumerate(_LETTERS)
        ],
    }
    folder.mkdir()
    for name, records in rows.items():
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, records)))
    return folder


@pytest.mark.xdist_group("neo4j")
def test_a_data_set_indexed_into_both_stores_agrees_to_the_bit(
    tmp_path: Path, empty_neo4j: Neo4jServer
) -> None:
    place = {
        "store": "neo4j",
        "neo4j_uri": empty_neo4j.uri,
        "neo4j_password": empty_neo4j.password,
    }
    dataset = read_dataset(written(tmp_path / "letters"))
    compared, times = compare(tmp_path, dataset, place, extractor="precomputed")
    assert {one.what: one.differing for one in compared if one.differing} == {}
    assert all(one.number for one in compared)
    assert [row["store"] for row in times] == ["sqlite", "neo4j"]
    assert all(float(row["write_s"] or 0) > 0 for row in times)
