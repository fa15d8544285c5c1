"""Addresses that could never be meant are refused where settings are read."""

import re

import pytest

from kg.errors import SettingsInvalid
from server.settings import addresses, load


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("AMMON_SNAPSHOT_URL", "memory://x", "s3://bucket/folder or file:///folder"),
        ("AMMON_SNAPSHOT_URL", "file://", "file:///folder"),
        ("AMMON_SNAPSHOT_URL", "file:///", "file:///folder"),
        ("AMMON_SNAPSHOT_URL", "file://shared/ammon", "file:///folder"),
        ("AMMON_SNAPSHOT_URL", "local://ammon", "file:///folder"),
        ("AMMON_SNAPSHOT_URL", "s3://", "s3://bucket/folder"),
        ("AMMON_SNAPSHOT_URL", "s3:///folder", "s3://bucket/folder"),
        ("AMMON_NEO4J_URI", "http://localhost:7474", "bolt://HOST:7687"),
        ("AMMON_NEO4J_URI", "localhost:7687", "bolt://HOST:7687"),
        ("AMMON_NEO4J_URI", "bolt://", "bolt://HOST:7687"),
        ("AMMON_LLM_BASE_URL", "nonsense", "http://HOST:PORT/v1"),
        ("AMMON_LLM_BASE_URL", "localhost:11434/v1", "http://HOST:PORT/v1"),
        ("AMMON_LLM_BASE_URL", "http://", "http://HOST:PORT/v1"),
        ("AMMON_LLM_BASE_URL", "http://host:99999/v1", "http://HOST:PORT/v1"),
        ("AMMON_EMBEDDING_BASE_URL", "nonsense", "http://HOST:PORT/v1"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_with_its_variable_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsInvalid, match=re.escape(remedy)) as raised:
        load()
    assert f"environment ({variable})" in str(raised.value)


@pytest.mark.parametrize("scheme", ["bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"])
def test_an_address_of_bolt_is_taken(scheme: str) -> None:
    assert addresses.neo4j_uri(f"{scheme}://graph:7687") == f"{scheme}://graph:7687"


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("", ""),
        ("s3://bucket", "s3://bucket"),
        ("file:///shared/ammon", "file:///shared/ammon"),
        ("file:///two%20words", "file:///two words"),
    ],
)
def test_a_place_for_snapshots_is_taken_as_it_is_used(url: str, used: str) -> None:
    assert addresses.snapshot_url(url) == used


@pytest.mark.parametrize("url", ["http://localhost:11434/v1", "https://api.openai.com/v1"])
def test_an_address_of_an_endpoint_is_taken(url: str) -> None:
    assert addresses.endpoint(url) == url
