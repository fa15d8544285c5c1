"""Settings: what can be set (`Settings`), and how it is read (`load`)."""

from server.settings.loading import LoadedSettings, SettingOrigin, load
from server.settings.settings import OPENAI, PREFIX, Level, Settings

__all__ = ["OPENAI", "PREFIX", "Level", "LoadedSettings", "SettingOrigin", "Settings", "load"]
