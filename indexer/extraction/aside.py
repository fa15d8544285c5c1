"""A chat model's answers in files of this machine, from their arrival until the store has them.

A store may be away for minutes, and a process that holds answers meanwhile may be killed. Whoever
begins such a passage next on this machine finds them.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from indexer.extraction.notes import Notebook, Notes

_KEPT_SECONDS = 86_400.0
"""What nobody came back for is removed then: its document may be gone."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class NotesAside:
    """A notebook whose last notes lie in a folder as long as they are on their way into it. Safe
    for several threads and processes; the folder may be missing, or lie on a full disk."""

    notebook: Notebook
    folder: Path
    extractor: str
    """The extractor's fingerprint."""

    def read(self, passage_ids: Sequence[str]) -> Mapping[str, Notes]:
        self._tidy()
        known = dict(self.notebook.read(passage_ids))
        for key in passage_ids:
            found = self._found(key)
            # Whoever wrote it may have died just after it was in the notebook, and another went on.
            if found is not None and (key not in known or _reached(found) > _reached(known[key])):
                known[key] = found
        return known

    def write(self, passage_id: str, notes: Notes) -> None:
        file = self._file(passage_id)
        try:
            _put(file, notes)
        except OSError as error:
            _log.warning("answer not kept aside", file=str(file), reason=str(error))
        self.notebook.write(passage_id, notes)
        self._remove(file)

    def finish(self, passage_id: str) -> None:
        self.notebook.finish(passage_id)
        self._remove(self._file(passage_id))

    def _tidy(self) -> None:
        before = time.time() - _KEPT_SECONDS
        with suppress(OSError):
            for file in self.folder.iterdir():
                if file.stat().st_mtime < before:
                    self._remove(file)

    def _remove(self, file: Path) -> None:
        with suppress(OSError):
            file.unlink()

    def _file(self, passage_id: str) -> Path:
        mark = hashlib.sha256(f"{self.extractor} {passage_id}".encode()).hexdigest()
        return self.folder / f"{mark}.json"

    def _found(self, passage_id: str) -> Notes | None:
        try:
            return Notes(**json.loads(self._file(passage_id).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None


def _reached(notes: Notes) -> tuple[int, int]:
    """Grows with every answer."""
    return len(notes.texts), notes.input_tokens + notes.output_tokens


def _put(file: Path, notes: Notes) -> None:
    """Whole or not at all. Not forced onto the disk: it is to outlive the process, which is what
    gets killed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(f".{os.getpid()}.part")
    aside.write_bytes(json.dumps(asdict(notes)).encode())
    aside.replace(file)
