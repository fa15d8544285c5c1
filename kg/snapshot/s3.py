"""Files in a bucket of S3, or of a server that speaks as S3 does: conditional puts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kg.haste import patience
from kg.snapshot.objects import Objects

_READ_SECONDS = 20.0
"""Seconds that reading a small file may take, unless a person waits for it."""
_BUCKET = (
    "Create the bucket, or set AMMON_SNAPSHOT_URL (setting snapshot_url) to an existing one, "
    "and AMMON_SNAPSHOT_ENDPOINT to its server."
)


class S3Objects(Objects):
    """Files in a bucket of S3, or of a server that speaks as S3 does."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        """`url` and options of s3fs; missing ones are found as AWS tools find them."""
        super().__init__(
            url,
            {
                "config_kwargs": {
                    "connect_timeout": 3,
                    "read_timeout": 20,
                    "retries": {"max_attempts": 2},
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

    def read(self, key: str) -> bytes:
        """In one request; a server that says nothing is not asked again and again."""
        timeout = patience() or _READ_SECONDS
        with self._asking() as (files, root):
            return bytes(files.cat_file(f"{root}/{key}", max_concurrency=1, timeout=timeout))

    def write(self, key: str, data: bytes) -> None:
        """See `Objects`."""
        with self._writing() as (files, root):
            files.pipe_file(f"{root}/{key}", data, timeout=patience())

    def write_over(self, key: str, seen: bytes | None, data: bytes) -> bool:
        """A conditional put: the server compares the present ETag with the one that was seen."""
        with self._writing() as (files, root):
            path = f"{root}/{key}"
            condition = {"IfNoneMatch": "*"}
            try:
                if seen is not None:
                    # The tag before the contents: what is written between the two is noticed.
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
        # Ours too, if the answer to it was lost and it was sent again.
        return self._present(key) == data

    def upload(self, key: str, file: Path) -> None:
        """See `Objects`."""
        with self._writing() as (files, root):
            files.put_file(str(file), f"{root}/{key}")

    def _remedy(self, error: FileNotFoundError) -> str:
        """See `Objects`."""
        return _BUCKET if _code(error) == "NoSuchBucket" else ""


def _code(error: Exception) -> str:
    """The server's error code; '' if the error is not from the server."""
    answer = getattr(error.__cause__ or error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def _is_refusal(error: Exception) -> bool:
    """Whether the server found a put's condition not met."""
    return _code(error) in (
        "PreconditionFailed",
        "ConditionalRequestConflict",
        "412",
        "409",
    )
