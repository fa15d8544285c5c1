"""Extractions that another tool made, read from a JSONL file.

A line is `{"id": …, "entities": [name, …], "triples": [[subject, relation, object], …]}`, with
`title` and `text` of the passage beside or in place of `id`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from inference.texts import encodable
from kg.errors import SettingsInvalid
from kg.records import Extraction, NamedEntity, Passage, Triple

_Row: TypeAlias = tuple[tuple[NamedEntity, ...], tuple[Triple, ...]]


class PrecomputedExtractor:
    """Finds a passage's row by its key or, where rows hold titles and texts, by its content."""

    def __init__(self, path: Path, key: Callable[[Passage], str | None] | None = None) -> None:
        """Read a file. `key` gives the id under which a passage stands in it; None: its own id.

        Raises: SettingsInvalid, naming the line: whatever is wrong with the file of one machine, no
        document can help it.
        """
        self._key = key or (lambda passage: passage.id)
        self._by_id: dict[str, _Row] = {}
        self._by_content: dict[bytes, _Row] = {}
        self._path = path
        self.dropped = 0
        """How many entities and triples of the file were malformed and left out."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SettingsInvalid(
                f"Cannot read {path}: {error}. Whoever extracts needs the file under this path."
            ) from error
        self._hash = hashlib.sha256(data).hexdigest()[:16]
        for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
            if line.strip():
                self._add(line, f"{path}, line {number},")

    @property
    def fingerprint(self) -> str:
        return f"precomputed:{self._hash}"

    @property
    def paid(self) -> bool:
        return False

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        for passage in passages:
            row = self._row(passage)
            if row is not None:
                entities, triples = row
                yield Extraction(
                    passage_id=passage.id,
                    extractor=self.fingerprint,
                    entities=entities,
                    triples=triples,
                )
            else:
                yield Extraction(
                    passage_id=passage.id,
                    extractor=self.fingerprint,
                    failure=encodable(
                        f"{self._path} has no row for the passage {self._named(passage)}. "
                        "Add one, or use another extractor."
                    ),
                )

    def _row(self, passage: Passage) -> _Row | None:
        key = self._key(passage)
        if key is not None and key in self._by_id:
            return self._by_id[key]
        return self._by_content.get(_content(passage.title, passage.text))

    def _named(self, passage: Passage) -> str:
        key = self._key(passage)
        return repr(key if key is not None else passage.title or passage.text[:60])

    def _add(self, line: bytes, place: str) -> None:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SettingsInvalid(f"{place} is not valid JSON: {error}.") from error
        if not isinstance(row, dict):
            raise SettingsInvalid(f"{place} is not a JSON object.")
        found = (
            tuple(NamedEntity(name=name) for name in self._strings(row.get("entities"), place)),
            tuple(self._triples(row.get("triples"), place)),
        )
        known = False
        if isinstance(row.get("id"), str | int):
            known = self._by_id.setdefault(str(row["id"]), found) != found
        elif not isinstance(row.get("text"), str):
            raise SettingsInvalid(f"{place} has neither an 'id' nor a 'text' to identify it.")
        if isinstance(row.get("text"), str):
            content = _content(str(row.get("title") or ""), row["text"])
            known = self._by_content.setdefault(content, found) != found or known
        if known:
            raise SettingsInvalid(
                f"{place} is a second row for the same passage; keep one of them."
            )

    def _strings(self, values: Any, place: str) -> Iterator[str]:
        for value in _list(values, place, "entities"):
            if isinstance(value, str) and value.strip():
                yield encodable(value)
            else:
                self.dropped += 1

    def _triples(self, values: Any, place: str) -> Iterator[Triple]:
        for value in _list(values, place, "triples"):
            parts = value if isinstance(value, list) else []
            if len(parts) == 3 and all(isinstance(part, str) and part.strip() for part in parts):
                subject, relation, object_ = map(encodable, parts)
                yield Triple(subject=subject, relation=relation, object=object_)
            else:
                self.dropped += 1


def _list(values: Any, place: str, name: str) -> list[Any]:
    if values is None:
        return []
    if not isinstance(values, list):
        raise SettingsInvalid(f"{place} has a {name!r} that is not a list.")
    return values


def _content(title: str, text: str) -> bytes:
    """What a passage says, however it is spaced."""
    joined = "\n".join(" ".join(part.split()) for part in (title, text))
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()
