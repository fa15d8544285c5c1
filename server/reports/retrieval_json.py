"""A retrieval as JSON: the same over HTTP and from the command line."""

from dataclasses import asdict
from typing import Any

from retrieval.results import Retrieval


def retrieval_json(found: Retrieval) -> dict[str, Any]:
    """All of it, in types that JSON has; the notes for people stand beside the explanation."""
    body = asdict(found)
    return {**body, "notes": body["explanation"].pop("notes")}
