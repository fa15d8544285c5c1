"""A retrieval as programs read it: the same over HTTP and from the command line."""

from dataclasses import asdict
from typing import Any

from retrieval.results import Retrieval


def told(found: Retrieval) -> dict[str, Any]:
    """All of it, as JSON can hold it; the notes, which are for people, beside the explanation."""
    body = asdict(found)
    return {**body, "notes": body["explanation"].pop("notes")}
