"""Settings: precedence, origins, masks, and what is said of mistakes."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from kg.errors import SettingsInvalid
from server.settings import Settings, load


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("AMMON_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def config_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "ammon.toml"
    file.write_text("", encoding="utf-8")
    monkeypatch.setenv("AMMON_CONFIG", str(file))
    return file


def test_without_anything_the_defaults_hold() -> None:
    loaded = load()
    assert loaded.settings.port == 8321
    assert loaded.settings.extractor == "spacy"
    assert {row.origin for row in loaded.rows()} == {"default"}


def test_the_file_counts_before_the_default(config_file: Path) -> None:
    config_file.write_text("port = 9000", encoding="utf-8")
    loaded = load()
    assert loaded.settings.port == 9000
    assert loaded.origins["port"] == f"file ({config_file})"


def test_the_environment_counts_before_the_file(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.write_text("port = 9000", encoding="utf-8")
    monkeypatch.setenv("AMMON_PORT", "9001")
    loaded = load()
    assert loaded.settings.port == 9001
    assert loaded.origins["port"] == "environment (AMMON_PORT)"


def test_the_platforms_folder_has_the_file_that_nobody_names(tmp_path: Path) -> None:
    file = tmp_path / "config" / "ammon" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('collection = "papers"', encoding="utf-8")
    assert load().settings.collection == "papers"


def test_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMMON_PORT", "")
    assert load().settings.port == 8321


def test_the_data_folder_is_absolute_and_knows_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMMON_DATA_DIR", "~/graphs")
    assert load().settings.data_dir == Path.home() / "graphs"


def test_secrets_are_masked_and_readable_for_their_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMMON_LLM_API_KEY", "sk-very-secret")
    loaded = load()
    assert loaded.settings.llm_api_key == SecretStr("sk-very-secret")
    assert "sk-very-secret" not in repr(loaded)
    shown = {row.name: row.value for row in loaded.rows()}
    assert shown["llm_api_key"] == "********"
    assert shown["embedding_api_key"] == ""


def test_every_setting_is_documented() -> None:
    assert all(row.documentation for row in load().rows())


def test_a_wrong_value_is_refused_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMMON_PORT", "many")
    with pytest.raises(SettingsInvalid, match=r"port from environment \(AMMON_PORT\).*integer"):
        load()


def test_a_wrong_secret_is_not_repeated(config_file: Path) -> None:
    config_file.write_text("llm_api_key = [1234567]", encoding="utf-8")
    with pytest.raises(SettingsInvalid) as raised:
        load()
    assert "1234567" not in str(raised.value)


def test_an_unknown_name_in_the_file_is_refused_with_the_nearest(config_file: Path) -> None:
    config_file.write_text('colection = "papers"', encoding="utf-8")
    with pytest.raises(SettingsInvalid, match="Did you mean collection"):
        load()


def test_an_unknown_variable_is_warned_of_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AMMON_DATADIR", "/somewhere")
    with pytest.warns(UserWarning, match="AMMON_DATADIR.*Did you mean AMMON_DATA_DIR"):
        load()


def test_a_file_that_is_no_toml_is_refused(config_file: Path) -> None:
    config_file.write_text("port: 9000", encoding="utf-8")
    with pytest.raises(SettingsInvalid, match="is not a TOML file"):
        load()


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AMMON_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(SettingsInvalid, match=r"missing\.toml"):
        load()


def test_settings_made_directly_read_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMMON_PORT", "9001")
    assert Settings().port == 8321


def test_hosts_are_a_list_or_have_commas_between_them(
    config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.write_text('allowed_hosts = ["a.example", "b.example"]', encoding="utf-8")
    assert load().settings.allowed_hosts == ("a.example", "b.example")
    monkeypatch.setenv("AMMON_ALLOWED_HOSTS", "c.example, d.example")
    loaded = load()
    assert loaded.settings.allowed_hosts == ("c.example", "d.example")
    (row,) = (row for row in loaded.rows() if row.name == "allowed_hosts")
    assert row.value == "c.example, d.example"
