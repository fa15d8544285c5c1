"""Validates addresses in settings, so that impossible ones are refused before they are used.

Each function takes a setting's value and returns it normalised, or raises a ValueError that says
what to write instead.
"""

from urllib.parse import unquote, urlsplit

_BOLT = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")


def neo4j_uri(uri: str) -> str:
    """An address that Neo4j's driver takes."""
    scheme, separator, rest = uri.partition("://")
    if scheme not in _BOLT or not separator or not rest.strip("/"):
        raise ValueError(
            "not a Bolt address of Neo4j: write bolt://HOST:7687, neo4j://HOST:7687 for a "
            "cluster, or bolt+s:// or neo4j+s:// for TLS (the http:// address is Neo4j "
            "Browser's)"
        )
    return uri


def endpoint(url: str) -> str:
    """The address of an OpenAI-compatible endpoint."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # as of a port that is none
        usable = False
    if not usable:
        raise ValueError(
            "not the address of an endpoint: write http://HOST:PORT/v1 or https://HOST/v1"
        )
    return url


def snapshot_url(url: str) -> str:
    """A URL that other processes can reach, too; in file URLs, percent-encoding is decoded."""
    scheme, _, rest = url.partition("://")
    match scheme.lower():
        case "memory":
            raise ValueError(
                f"{url!r} is the memory of one process, which other processes cannot see: write "
                "s3://bucket/folder or file:///folder, or unset it to keep snapshots in data_dir"
            )
        case "file" | "local":
            path = unquote(rest)
            if not path.startswith("/") or not path.strip("/"):
                raise ValueError(
                    f"{url!r} is not an absolute path: write file:///folder, with three slashes"
                )
            return f"{scheme}://{path}"
        case "s3" | "s3a" if not rest.partition("/")[0]:
            raise ValueError(f"{url!r} names no bucket: write s3://bucket/folder")
    return url
