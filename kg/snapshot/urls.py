"""Opens the file system for a URL's protocol."""

from collections.abc import Mapping
from typing import Any

from kg.errors import DependencyMissing, SettingsInvalid
from kg.snapshot.objects import Objects


def open_objects(url: str, options: Mapping[str, Any] | None = None) -> Objects:
    """The files below a URL, without connecting yet. `options` are those of fsspec's file system.

    Raises: DependencyMissing, SettingsInvalid.
    """
    protocol = url.partition("://")[0]
    of_s3 = protocol in ("s3", "s3a")
    try:
        import fsspec

        if of_s3:
            import s3fs  # noqa: F401 - fsspec imports it by name; its error is less clear
    except ImportError as error:
        raise DependencyMissing(str(error.name), "remote") from error
    if of_s3:
        from kg.snapshot.s3 import S3Objects

        return S3Objects(url, options or {})
    try:
        fsspec.get_filesystem_class(protocol)
    except ImportError as error:  # it names the package
        raise SettingsInvalid(
            f"Cannot keep snapshots at {url}: {str(error).rstrip('.')}, in the environment that "
            "runs Ammon."
        ) from error
    except ValueError as error:
        raise SettingsInvalid(
            f"Cannot keep snapshots at {url}: {error}. Give an address such as s3://bucket/folder."
        ) from error
    return Objects(url, options or {})
