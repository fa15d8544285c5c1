"""Neo4j Browser over a real Neo4j: an answer's link, the style, and the queries of the guide."""

import json
import os
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from retrieval.results import Retrieval
from server.cli import main
from server.composition import compose
from server.core import Core
from server.reports.browser_link import browser_link
from server.settings import Settings
from tests.doubles.engine_notes import NOTES, QUESTION
from tests.servers.chromium import Neo4jBrowser, neo4j_browser
from tests.servers.neo4j import Neo4jServer, connected, turn, wipe

__all__ = ["neo4j_browser"]

ROOT = Path(__file__).parents[2]
STYLE = ROOT / "kg" / "neo4j" / "browser" / "ammon.grass"
GUIDE = (ROOT / "docs" / "neo4j-guide.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^```cypher\n// ([^\n]+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
EMPTY = {"What is in quarantine, and why?", "Which documents failed, and why?"}
"""Nothing of that kind is among the notes."""


@dataclass(frozen=True, slots=True)
class Library:
    """The notes in Neo4j."""

    server: Neo4jServer
    settings: Settings
    found: Retrieval
    """The answer to the question."""


@contextmanager
def opened(settings: Settings) -> Iterator[Core]:
    core = compose(settings)
    try:
        yield core
    finally:
        core.close()


@pytest.fixture(scope="module")
def library(
    neo4j_server: Neo4jServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("library"),
        store="neo4j",
        neo4j_uri=neo4j_server.uri,
        neo4j_password=SecretStr(neo4j_server.password),
        neo4j_browser_url=neo4j_server.browser_url,
    )
    with turn(neo4j_server):
        wipe(neo4j_server)
        with opened(settings) as core:
            core.create_collection("default")
            core.submit("default", NOTES)
            core.worker.run_until_empty("default")
            found = core.query("default", QUESTION, k=4)
        yield Library(neo4j_server, settings, found)


def answer_of(library: Library) -> tuple[dict[str, set[str]], int]:
    """What the query of the answer's link returns: ids of nodes by label, and how many facts."""
    from neo4j import Result

    (query,) = parse_qs(urlsplit(browser_link(library.settings, library.found)).query)["arg"]
    with connected(library.server) as driver:
        graph = driver.execute_query(query, result_transformer_=Result.graph)
    nodes: dict[str, set[str]] = {"Document": set(), "Passage": set(), "Entity": set()}
    for node in graph.nodes:
        (label,) = node.labels
        nodes[label].add(node["id"])
    return nodes, sum(relation.type == "RELATES" for relation in graph.relationships)


def test_the_link_is_of_the_answers_passages_and_of_what_led_to_them(library: Library) -> None:
    nodes, facts = answer_of(library)
    found = library.found
    assert nodes["Passage"] == {hit.passage_id for hit in found.hits}
    assert nodes["Document"] == {at.document_id for hit in found.hits for at in hit.citations}
    assert facts == len(found.explanation.facts) > 0
    with connected(library.server) as driver:
        rows = driver.execute_query(
            "MATCH (e:Entity) WHERE e.id IN $ids RETURN e.name", ids=list(nodes["Entity"])
        ).records
    names = {row.value() for row in rows}
    assert {entity.name.casefold() for entity in found.explanation.entities} <= names
    assert {fact.subject.casefold() for fact in found.explanation.facts} <= names


def test_browser_draws_the_answer_in_the_colours_of_the_style(
    library: Library, neo4j_browser: Neo4jBrowser, tmp_path: Path
) -> None:
    nodes, facts = answer_of(library)
    neo4j_browser.open(browser_link(library.settings, library.found), library.server)
    neo4j_browser.drop_style(STYLE)
    neo4j_browser.run()
    assert neo4j_browser.drawn("node") == sum(map(len, nodes.values()))
    assert neo4j_browser.drawn("relationship") >= facts + len(nodes["Passage"])
    assert "ada lovelace" in neo4j_browser.captions("#2E7D43")
    assert "Mary Somerville" in neo4j_browser.captions("#F2C14E")
    assert any(text.startswith("Mary Somerv") for text in neo4j_browser.captions("#DCE9F5"))
    folder = Path(os.environ.get("AMMON_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    neo4j_browser.screenshot(folder / "neo4j-browser.png")
    assert (folder / "neo4j-browser.png").stat().st_size > 20_000


def test_the_command_prints_the_link(
    library: Library, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("data_dir", "store", "neo4j_uri", "neo4j_browser_url"):
        monkeypatch.setenv(f"AMMON_{name.upper()}", str(getattr(library.settings, name)))
    monkeypatch.setenv("AMMON_NEO4J_PASSWORD", library.server.password)
    asked = ["query", QUESTION, "--k", "4", "--neo4j-link"]
    link = browser_link(library.settings, library.found)
    assert main(asked) == 0
    assert capfd.readouterr().out.endswith(f"\nIn Neo4j Browser: {link}\n")
    assert main([*asked, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["neo4j_link"] == link


def test_a_graph_in_a_file_has_no_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMMON_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["query", QUESTION, "--neo4j-link"]) == 1
    assert "ammon migrate --from sqlite --to neo4j" in capfd.readouterr().err


def test_neo4j_takes_the_longest_link(library: Library) -> None:
    from kg.neo4j.browser import answer_link
    from kg.neo4j.browser.link import MOST

    link = answer_link(
        library.server.browser_url,
        database="neo4j",
        collection="語" * 100,
        passages=[f"psg-{number:024x}" for number in range(MOST)],
        entities=[f"ent-{number:024x}" for number in range(MOST)],
        facts=[f"fct-{number:024x}" for number in range(MOST)],
    )
    with urllib.request.urlopen(link) as answer:  # noqa: S310 - the test's own server
        assert answer.status == 200
        assert b"Neo4j Browser" in answer.read()


@pytest.mark.parametrize(("asked", "query"), QUERIES, ids=[asked for asked, _ in QUERIES])
def test_the_guides_queries_find_something_and_name_nothing_that_is_not_there(
    library: Library, asked: str, query: str
) -> None:
    from neo4j import GraphDatabase

    login = (library.server.user, library.server.password)
    with GraphDatabase.driver(library.server.uri, auth=login) as driver:
        result = driver.execute_query(query)
    told = [
        one.status_description for one in result.summary.gql_status_objects if one.is_notification
    ]
    assert told == []
    assert bool(result.records) == (asked not in EMPTY)


def test_the_guide_has_queries() -> None:
    assert len(QUERIES) == GUIDE.count("```cypher") >= len(EMPTY)
