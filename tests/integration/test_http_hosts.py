"""A server on loopback answers to its own names, and takes no changes from others' pages."""

from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from server.http.app import create_app
from tests.doubles.house import open_house, settings_in

URL = "/api/v1/collections"


def get(folder: Path, asked: str, **settings: object) -> httpx2.Response:
    app = create_app(settings_in(folder, **{"allowed_hosts": [], **settings}), open_house)
    with TestClient(app) as client:
        return client.get(URL, headers={"host": asked})


def post(folder: Path, origin: str, **settings: object) -> httpx2.Response:
    app = create_app(settings_in(folder, **{"allowed_hosts": [], **settings}), open_house)
    with TestClient(app) as client:
        headers = {"host": "127.0.0.1:8321", "origin": origin}
        return client.post(URL, json={"name": "papers"}, headers=headers)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8321", "127.0.0.1:9", "[::1]:8321"])
def test_the_names_of_loopback_are_answered(tmp_path: Path, host: str) -> None:
    assert get(tmp_path, host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8321", "", "[::1"])
def test_another_host_is_refused_on_loopback(tmp_path: Path, host: str) -> None:
    refused = get(tmp_path, host)
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:ammon:problem:host-refused")
    assert "allowed_hosts" in refused.json()["detail"]
    assert refused.headers["x-request-id"]


def test_a_host_that_the_setting_names_is_answered(tmp_path: Path) -> None:
    assert get(tmp_path, "notes.example:80", allowed_hosts=["notes.example"]).status_code == 200


def test_a_star_allows_all_hosts(tmp_path: Path) -> None:
    assert get(tmp_path, "any.example", allowed_hosts="*").status_code == 200


def test_on_another_address_all_hosts_are_answered(tmp_path: Path) -> None:
    assert get(tmp_path, "any.example", host="::").status_code == 200


def test_on_another_address_the_setting_holds_too(tmp_path: Path) -> None:
    chosen = {"host": "::", "allowed_hosts": ["notes.example"]}
    assert get(tmp_path, "any.example", **chosen).status_code == 400
    assert get(tmp_path, "notes.example", **chosen).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://[::1"])
def test_a_change_from_another_hosts_page_is_refused(tmp_path: Path, origin: str) -> None:
    refused = post(tmp_path, origin)
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:ammon:problem:origin-refused"
    assert post(tmp_path, origin, allowed_hosts="*").status_code == 403


def test_a_change_from_the_servers_own_page_is_made(tmp_path: Path) -> None:
    assert post(tmp_path, "http://127.0.0.1:8321").status_code == 201


def test_a_change_from_a_page_of_an_allowed_host_is_made(tmp_path: Path) -> None:
    chosen = ["notes.example"]
    assert post(tmp_path, "https://notes.example", allowed_hosts=chosen).status_code == 201
