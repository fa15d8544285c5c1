"""A broker is checked before it is needed, and one that is away stops nothing."""

import logging
import subprocess
import time
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from kg.errors import DependencyMissing, SettingsInvalid
from server import broker
from server.broker import address, reach
from server.settings import LoadedSettings, Settings
from server.worker_process import run_worker
from tests.doubles.house import open_house, settings_in
from tests.doubles.waiting import until
from tests.servers.rabbitmq import rabbit_url
from tests.servers.redis import RedisServer, redis_server
from tests.servers.sharing import free_port

celery = pytest.importorskip("celery", reason="pip install -e '.[celery]'")
__all__ = ["rabbit_url", "redis_server"]


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "sqs://"])
def test_an_address_of_no_broker_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"redis://host:6379/0.*amqp://"):
        open_house(settings_in(tmp_path, broker_url=url))


@pytest.mark.parametrize("url", ["redis://localhost:99999/0", "amqp://user:secret@rabbit:many//"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"broker_url.*[Pp]ort") as raised:
        open_house(settings_in(tmp_path, broker_url=url))
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("path", ["/abc", "/-1", "/0/1"])
def test_a_database_of_redis_that_has_no_number_is_refused(tmp_path: Path, path: str) -> None:
    url = f"redis://:secret@localhost:6379{path}"
    with pytest.raises(SettingsInvalid, match=rf"{path[1:]}.*redis://host:6379/0") as raised:
        open_house(settings_in(tmp_path, broker_url=url))
    assert "secret" not in str(raised.value)


def test_a_redis_without_a_number_is_taken() -> None:
    for path in ("", "/", "/15"):
        broker.check(f"redis://localhost:6379{path}")


def test_a_redis_that_is_away_is_no_reason_to_give_up() -> None:
    assert broker.check_password(f"redis://127.0.0.1:{free_port()}/0") is False


@pytest.mark.parametrize("given", ["", ":wrong@"])
def test_a_redis_that_wants_a_password_ends_a_worker_with_the_remedy(
    tmp_path: Path, redis_server: RedisServer, given: str
) -> None:
    subprocess.run(
        ["redis-cli", "-p", str(redis_server.port), "config", "set", "requirepass", "sesame"],  # noqa: S607
        check=True,
        capture_output=True,
    )
    place = f"127.0.0.1:{redis_server.port}/0"
    broker.check_password(f"redis://:sesame@{place}")
    core = open_house(settings_in(tmp_path, broker_url=f"redis://{given}{place}"))
    with pytest.raises(SettingsInvalid, match=r"broker_url.*redis://:PASSWORD@host"):
        run_worker(core, ["extract"], 1)
    core.close()


def test_a_redis_that_does_not_let_us_do_what_we_must_is_told(redis_server: RedisServer) -> None:
    rule = ["acl", "setuser", "small", "on", ">sesame", "~*", "+@all", "-ping"]
    subprocess.run(["redis-cli", "-p", str(redis_server.port), *rule], check=True)  # noqa: S607
    with pytest.raises(SettingsInvalid, match=r"broker_url.*permissions.*AMMON_BROKER_URL"):
        broker.wait_for(f"redis://small:sesame@127.0.0.1:{redis_server.port}/0")


def test_a_database_that_a_redis_does_not_have_is_told(redis_server: RedisServer) -> None:
    with pytest.raises(SettingsInvalid, match=r"broker_url.*out of range.*AMMON_BROKER_URL"):
        broker.wait_for(f"redis://127.0.0.1:{redis_server.port}/99")


@pytest.mark.parametrize("who", ["guest:wrong", "nobody:guest"])
def test_a_rabbitmq_that_wants_another_password_ends_whoever_asks_with_the_remedy(
    tmp_path: Path, rabbit_url: str, who: str
) -> None:
    assert broker.check_password(rabbit_url) is True
    url = rabbit_url.replace("guest:guest", who)
    core = open_house(settings_in(tmp_path, broker_url=url))
    remedy = r"broker_url.*AMMON_BROKER_URL, as amqp://USER:PASSWORD@host"
    with pytest.raises(SettingsInvalid, match=remedy):
        run_worker(core, ["extract"], 1)
    with pytest.raises(SettingsInvalid, match=remedy) as raised:
        core.worker.start()
    with pytest.raises(SettingsInvalid, match=remedy):
        core.worker.run_until_empty()
    assert who.split(":")[1] not in str(raised.value).replace("user guest may connect", "")
    assert "(0, 0)" not in str(raised.value)
    core.close()


def test_a_virtual_host_that_is_not_there_is_told(rabbit_url: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"nowhere.* not found\. Put.*/VHOST"):
        broker.check_password(rabbit_url.removesuffix("//") + "/nowhere")


def test_a_rabbitmq_that_is_away_is_no_reason_to_give_up() -> None:
    assert broker.check_password(f"amqp://guest:guest@127.0.0.1:{free_port()}//") is False


def test_whoever_sends_to_a_redis_as_to_a_rabbitmq_is_told_the_remedy(
    redis_server: RedisServer,
) -> None:
    opened = broker.open_broker(f"amqp://guest:guest@127.0.0.1:{redis_server.port}//")
    began = time.monotonic()
    with capture_logs() as logs:
        assert opened.send("prepare", {}) is False
    opened.close()
    assert time.monotonic() - began < 30
    assert "amqp:// for a RabbitMQ" in logs[0]["remedy"]


def waited_for(url: str) -> Event:
    """Wait for a broker aside: set once it is there. A test that fails leaves the thread alone."""
    found = Event()

    def wait() -> None:
        broker.wait_for(url)
        found.set()

    Thread(target=wait, daemon=True).start()
    return found


def test_a_broker_that_comes_later_is_waited_for_and_that_is_told(
    redis_server: RedisServer,
) -> None:
    redis_server.kill()
    with capture_logs() as logs:
        found = waited_for(redis_server.url)
        until(lambda: bool(logs))
        assert not found.is_set()
        redis_server.start()
        assert found.wait(20)
    assert "broker unavailable" in logs[0]["event"]


@pytest.mark.parametrize(("scheme", "path"), [("redis", "/0"), ("amqp", "//")])
def test_a_broker_that_is_waited_for_is_named_with_the_cause_and_without_its_password(
    scheme: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enough(_: float) -> None:
        raise TimeoutError

    monkeypatch.setattr(reach, "time", SimpleNamespace(sleep=enough))
    place = f"127.0.0.1:{free_port()}{path}"
    with capture_logs() as logs, pytest.raises(TimeoutError):
        broker.wait_for(f"{scheme}://user:secret@{place}")
    assert (logs[0]["broker"], "refused" in logs[0]["reason"]) == (f"{scheme}://{place}", True)
    assert "secret" not in str(logs)


def test_a_redis_that_cannot_save_is_waited_for_with_the_remedy(redis_server: RedisServer) -> None:
    def redis(*command: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-p", str(redis_server.port), *command],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    in_the_way = redis_server.home / "dump.rdb" / "that is a folder"
    in_the_way.mkdir(parents=True)
    redis("config", "set", "save", "3600 1")
    redis("bgsave")
    until(lambda: "MISCONF" in redis("ping"))
    with capture_logs() as logs:
        found = waited_for(redis_server.url)
        until(lambda: bool(logs))
        assert not found.is_set()
        in_the_way.rmdir()
        in_the_way.parent.rmdir()
        redis("bgsave")
        assert found.wait(20)
    assert "unable to save" in logs[0]["event"]
    assert "write its files" in logs[0]["remedy"]


@pytest.mark.parametrize("package", ["celery", "redis"])
def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setattr(address, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(DependencyMissing, match=rf"{package}.*\[celery\]"):
        broker.check("redis://localhost:6379/0")


def test_messages_are_json_and_acknowledged_when_they_are_done_with() -> None:
    conf = broker.make_app("redis://localhost:6379/0").conf
    assert conf.accept_content == ["json"]
    assert (conf.task_acks_late, conf.worker_prefetch_multiplier) == (True, 1)
    assert {queue.name for queue in conf.task_queues} == {"urgent", "extract", "embed", "commit"}


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_away_takes_nothing_and_raises_nothing(scheme: str) -> None:
    app = broker.make_app(f"{scheme}://127.0.0.1:{free_port()}/0")
    sender = broker.CeleryBroker(app)
    assert sender.send("prepare", {}) is False
    assert sender.depth("extract") is None
    sender.close()


def test_logs_name_no_text_of_a_document(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sender = broker.CeleryBroker(broker.make_app(f"redis://127.0.0.1:{free_port()}/0"))
    sender.send("extract", {"collection": "c", "passages": [["psg-1", "", "", "a secret text"]]})
    sender.close()
    assert "secret" not in caplog.text


def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, broker_url="amqp://user:hunter2@rabbit:5672//")
    rows = LoadedSettings(settings=settings, origins={}, file=tmp_path).rows()
    shown = {row.name: row.value for row in rows}["broker_url"]
    assert shown == "amqp://user:********@rabbit:5672//"
