"""Files in a bucket of S3 or of a compatible server, with conditional puts."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from kg.errors import SnapshotUnavailable
from kg.snapshot.attendance import Attendance
from kg.snapshot.objects import Objects

_CONNECTIONS = 32
"""More than are used at once, so that probes need not wait for a connection."""
_PROBE = "probe"
"""The key that probes ask for; no such file exists."""
_BUCKET = (
    "Create the bucket, or set AMMON_SNAPSHOT_URL (setting snapshot_url) to an existing one, "
    "and AMMON_SNAPSHOT_ENDPOINT to its server."
)
_NO_S3 = (
    "What answers there is no S3 server: check AMMON_SNAPSHOT_ENDPOINT (setting snapshot_endpoint)."
)

_Result = TypeVar("_Result")


class S3Objects(Objects):
    """Files in a bucket of S3 or of a compatible server."""

    reach = (
        "Check the network, the address and its access keys (AMMON_SNAPSHOT_ACCESS_KEY and "
        "AMMON_SNAPSHOT_SECRET_KEY; without them, what AWS's tools use)."
    )

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        """The URL, and options of s3fs; missing options are looked up as AWS tools do."""
        super().__init__(
            url,
            {
                "config_kwargs": {
                    "connect_timeout": 3,
                    "read_timeout": 20,
                    "retries": {"max_attempts": 2},
                    "max_pool_connections": _CONNECTIONS,
                },
                **options,
            },
        )
        from aiohttp import ClientError as WebError
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
        )

        self._troubles = (OSError, BotoCoreError, ClientError, WebError)
        self._attendance = Attendance(self._ask)

    def hasten(self) -> None:
        """See `Objects`."""
        super().hasten()
        self._attendance.hasten()

    def read(self, key: str) -> bytes:
        """In one request."""
        return self._attended(partial(self._read, key))

    def write(self, key: str, data: bytes) -> None:
        """See `Objects`."""
        self._attended(partial(self._write, key, data))

    def write_over(self, key: str, seen: bytes | None, data: bytes) -> bool:
        """A conditional put: the server compares the present ETag with the one that was seen."""
        return self._attended(partial(self._write_over, key, seen, data))

    def upload(self, key: str, file: Path) -> None:
        """See `Objects`."""
        self._attended(partial(self._upload, key, file))

    def download(self, key: str, file: Path) -> None:
        """See `Objects`."""
        self._attended(partial(super().download, key, file))

    def blocks(self, key: str) -> Iterator[bytes]:
        """See `Objects`."""
        blocks = super().blocks(key)
        while block := self._attended(partial(next, blocks, b"")):
            yield block

    def sizes(self, folder: str) -> dict[str, int]:
        """See `Objects`."""
        return self._attended(partial(super().sizes, folder))

    def age(self, key: str) -> float:
        """See `Objects`."""
        return self._attended(partial(super().age, key))

    def remove(self, key: str) -> None:
        """See `Objects`."""
        self._attended(partial(super().remove, key))

    def remove_folder(self, folder: str) -> None:
        """See `Objects`."""
        self._attended(partial(super().remove_folder, folder))

    def _attended(self, action: Callable[[], _Result]) -> _Result:
        """Run the action, waiting for it as long as the server answers probes."""
        try:
            return self._attendance.attended(action)
        except TimeoutError as error:
            self._connected = (-1, None, "")  # its connections may be in use for long
            raise self._out_of_reach(error, self.reach) from error

    def _ask(self, seconds: float) -> None:
        """Raises: TimeoutError."""
        from fsspec.asyn import sync

        files, root = self._connect()

        async def probe() -> None:
            await asyncio.wait_for(files._cat_file(f"{root}/{_PROBE}"), seconds)

        try:
            sync(files.loop, probe)
        except TimeoutError:
            raise
        except self._troubles:
            pass

    def _read(self, key: str) -> bytes:
        with self._asking() as (files, root):
            return bytes(files.cat_file(f"{root}/{key}", max_concurrency=1))

    def _write(self, key: str, data: bytes) -> None:
        with self._writing() as (files, root):
            files.pipe_file(f"{root}/{key}", data)

    def _write_over(self, key: str, seen: bytes | None, data: bytes) -> bool:
        with self._writing() as (files, root):
            path = f"{root}/{key}"
            condition = {"IfNoneMatch": "*"}
            try:
                if seen is not None:
                    # The tag is read before the contents, so that a write in between is noticed.
                    condition = {"IfMatch": files.info(path, refresh=True)["ETag"]}
                    if files.cat_file(path, max_concurrency=1) != seen:
                        return False
                files.pipe_file(path, data, **condition)
                return True
            except FileNotFoundError as error:
                if seen is None or self._remedy(error):  # there is no such bucket
                    raise
                return False
            except self._troubles as error:
                if not _is_refusal(error):
                    raise
        # It may be our own write, if its answer was lost and it was sent again.
        try:
            return self._read(key) == data
        except FileNotFoundError:
            return False

    def _upload(self, key: str, file: Path) -> None:
        with self._writing() as (files, root):
            files.put_file(str(file), f"{root}/{key}")

    def _out_of_reach(self, error: Exception, remedy: str) -> SnapshotUnavailable:
        """See `Objects`; an answer that botocore reads nothing from has a message that says
        nothing."""
        if status := _unnamed_status(error):
            told = OSError(f"It answered with HTTP status {status} and no error code of S3")
            return super()._out_of_reach(told, _NO_S3)
        return super()._out_of_reach(error, remedy)

    def _remedy(self, error: FileNotFoundError) -> str:
        """See `Objects`."""
        if _is_foreign(error):
            return _NO_S3
        return _BUCKET if _code(error) == "NoSuchBucket" else ""


def _code(error: Exception) -> str:
    """The server's error code; '' if the error is not from the server."""
    return str(_answer(error).get("Error", {}).get("Code", ""))


def _unnamed_status(error: Exception) -> int:
    """The HTTP status of an answer without an error code, as of a web server that answers with
    well-formed HTML; 0 of any other error."""
    answer = _answer(error)
    if not answer or _code(error):
        return 0
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _answer(error: Exception) -> Mapping[str, Any]:
    """What the server answered, as botocore read it; empty if the error is not from the server."""
    return getattr(error.__cause__ or error, "response", None) or {}


def _is_foreign(error: Exception) -> bool:
    """Whether a file was not found by something else than an S3 server, which names what is
    missing, but for HEAD, where it can say nothing: then the code is the bare HTTP status."""
    asked = getattr(error.__cause__ or error, "operation_name", "")
    return asked == "GetObject" and _code(error).isdigit()


def _is_refusal(error: Exception) -> bool:
    """Whether the server refused a put because its condition was not met."""
    return _code(error) in (
        "PreconditionFailed",
        "ConditionalRequestConflict",
        "412",
        "409",
    )
