"""Where settings are read from, and where each came from.

A setting comes from the environment (`AMMON_DATA_DIR`), else from a TOML file (`data_dir = …`),
else it has its default. The file is the one that `AMMON_CONFIG` names, or `config.toml` in the
platform's folder for settings (on Linux `~/.config/ammon`).
"""

import difflib
import os
import re
import tomllib
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from kg.errors import SettingsInvalid
from server.settings.settings import PREFIX, Settings

CONFIG_VARIABLE = "AMMON_CONFIG"

_PASSWORD = re.compile(r"(://[^/@:]*:)[^/@]*@")
"""The password in an address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingOrigin:
    """One setting as `ammon config` shows it."""

    name: str
    value: str
    """Secrets are masked."""
    origin: str
    """'default', 'environment (VARIABLE)' or 'file (PATH)'."""
    documentation: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedSettings:
    """Settings, and where each came from."""

    settings: Settings
    origins: Mapping[str, str]
    """Name -> origin, for settings that are not at their default."""
    file: Path
    """The TOML file that was read, or would be if it were there."""

    def rows(self) -> list[SettingOrigin]:
        """All settings, in the order of their declaration."""
        return [
            SettingOrigin(
                name=name,
                value=_shown(getattr(self.settings, name)),
                origin=self.origins.get(name, "default"),
                documentation=" ".join((field.description or "").split()),
            )
            for name, field in Settings.model_fields.items()
        ]


def load() -> LoadedSettings:
    """Read the environment and the TOML file.

    An unknown name in the file is an error; an unknown variable a warning, since variables come
    from elsewhere too. Raises: SettingsInvalid.
    """
    file = _config_file()
    from_file = _read(file)
    _refuse_unknown(from_file, file)
    _warn_of_unknown(os.environ)
    from_environment = EnvSettingsSource(Settings)()
    origins = dict.fromkeys(from_file, f"file ({file})")
    origins |= {name: f"environment ({PREFIX}{name.upper()})" for name in from_environment}
    try:
        settings = Settings(**{**from_file, **from_environment})
    except ValidationError as error:
        raise SettingsInvalid(_reason(error, origins)) from error
    return LoadedSettings(settings=settings, origins=origins, file=file)


def _config_file() -> Path:
    named = os.environ.get(CONFIG_VARIABLE)
    if not named:
        return platformdirs.user_config_path("ammon") / "config.toml"
    file = Path(named).expanduser().absolute()
    if not file.is_file():
        raise SettingsInvalid(f"{CONFIG_VARIABLE} names {file}, which is not a file.")
    return file


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return TomlConfigSettingsSource(Settings, toml_file=file)()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{file} is not a TOML file: {error}.") from error
    except OSError as error:
        raise SettingsInvalid(f"Cannot read {file}: {error}.") from error


def _refuse_unknown(names: Iterable[str], file: Path) -> None:
    for name in names:
        if name not in Settings.model_fields:
            nearest = _nearest(name, Settings.model_fields)
            raise SettingsInvalid(
                f"{file}: {name!r} is not a known setting.{nearest} `ammon config` lists all "
                "settings."
            )


def _warn_of_unknown(environment: Iterable[str]) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE}
    for variable in sorted(environment):
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            warnings.warn(
                f"The environment variable {variable} is not a known "
                f"setting.{_nearest(variable, known)}",
                stacklevel=3,
            )


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]}?" if close else ""


def _reason(error: ValidationError, origins: Mapping[str, str]) -> str:
    """Which setting is wrong, where it was set, what is wrong and what the setting means."""
    reasons = []
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0])
        documentation = " ".join((Settings.model_fields[name].description or "").split())
        reasons.append(
            f"The setting {name} from {origins.get(name, 'the caller')} is invalid: "
            f"{problem['msg'].removeprefix('Value error, ')}. Meaning of the setting: "
            f"{documentation}"
        )
    return " ".join(reasons)


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else _PASSWORD.sub(r"\1********@", str(value))
