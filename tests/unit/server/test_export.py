"""Exports of the graph."""

from io import BytesIO
from pathlib import Path
from typing import IO

import networkx as nx
import pytest

from kg.dump import dump
from kg.store import GraphReader
from server.export import EXPORTS, export_graphml, export_jsonl, graph_of, write_export
from tests.doubles.workshop import COLLECTION, Workshop, note


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(folder=tmp_path)
    made.ingest(note("a", "Milner studied Molaison."), note("b", "Скорость & «Павлов» < \x0b Ж"))
    made.pipeline.publish(COLLECTION)
    return made


def test_jsonl_is_the_canonical_dump(workshop: Workshop) -> None:
    out = BytesIO()
    with workshop.store.read(COLLECTION) as reader:
        export_jsonl(reader, out)
        assert out.getvalue().decode() == "".join(f"{line}\n" for line in dump(reader))


def test_the_graph_has_every_node_and_edge(workshop: Workshop) -> None:
    counts = workshop.counts()
    with workshop.store.read(COLLECTION) as reader:
        graph = graph_of(reader)
    kinds = [graph.nodes[node]["kind"] for node in graph]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "document": counts["documents"],
        "passage": counts["passages"],
        "entity": counts["entities"],
    }
    edges = [attributes["kind"] for *_, attributes in graph.edges(data=True)]
    assert edges.count("fact") == counts["facts"]
    assert edges.count("mention") == counts["mentions"]
    assert edges.count("synonym") == counts["synonyms"]
    assert edges.count("part") == counts["passages"]


def test_graphml_is_read_back_whole(workshop: Workshop) -> None:
    out = BytesIO()
    with workshop.store.read(COLLECTION) as reader:
        export_graphml(reader, out)
        wanted = graph_of(reader)
    found = nx.read_graphml(BytesIO(out.getvalue()))
    assert [found.nodes[node] for node in found] == [wanted.nodes[node] for node in wanted]
    assert list(found) == list(wanted)
    assert found.number_of_edges() == wanted.number_of_edges()
    assert "Павлов" in out.getvalue().decode()


def test_what_xml_cannot_write_is_left_out(workshop: Workshop) -> None:
    with workshop.store.read(COLLECTION) as reader:
        graph = graph_of(reader)
    assert not any("\x0b" in text for _, text in graph.nodes(data="text") if text)


def test_a_file_is_written_whole_or_not_at_all(workshop: Workshop, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "graph.jsonl"
    target.parent.mkdir()
    with workshop.store.read(COLLECTION) as reader:
        write_export(reader, "jsonl", target)
        with pytest.raises(KeyError):
            write_export(reader, "pictures", target)
    assert target.read_bytes()
    assert [entry.name for entry in target.parent.iterdir()] == ["graph.jsonl"]
    assert set(EXPORTS) == {"graphml", "jsonl"}


def test_two_may_write_to_one_file_at_once(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "graph.jsonl"

    def interrupted(reader: GraphReader, file: IO[bytes]) -> None:
        file.write(b"half of it, ")
        write_export(reader, "jsonl", target)
        file.write(b"and the other half")

    monkeypatch.setattr("server.export.EXPORTS", {**EXPORTS, "slow": interrupted})
    with workshop.store.read(COLLECTION) as reader:
        write_export(reader, "slow", target)
    assert target.read_text() == "half of it, and the other half"
