"""A chat model's answers in files of this machine, from their arrival until the store has them.

An answer is written as it came, before anything else is done with it. Its process may be killed in
the next moment, or while the store is away for minutes: whoever begins the passage next on this
machine, or sweeps there, finds the file and brings the answer in.
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from indexer.extraction.notes import Label
from indexer.process import worker_name

_KEPT_SECONDS = 86_400.0
"""What nobody came back for is removed then: its document may be gone."""

_ASIDE = ".aside"
"""Ends the names of files that could not be brought in."""

_log = structlog.get_logger(__name__)


class SpoolFile:
    """Where one answer is to lie. Its file is there before the question is asked: nothing but a
    write stands between the answer's arrival and the file."""

    def __init__(self, file: Path, label: Label, question: str, sent: int) -> None:
        """Make the file. A folder that cannot be written to costs no answer."""
        self.mark = uuid.uuid4().hex
        """The answer's own name, by which it is counted once."""
        self._file = file.with_name(f"{file.name}{self.mark}")
        self._descriptor = -1
        self._written = False
        head = {"label": asdict(label), "question": question, "sent": sent, "mark": self.mark}
        line = json.dumps({**head, "worker": worker_name()}).encode() + b"\n"
        self._size = len(line)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
            self._descriptor = os.open(self._file, flags, 0o600)
            os.write(self._descriptor, line)
        except OSError as error:
            self._tell(error)

    def arrived(self, answer: bytes) -> None:
        """Keep an answer's bytes, instead of earlier ones. They are not forced onto the disk: they
        are to outlive the process, which is what gets killed."""
        try:
            if self._written:
                os.ftruncate(self._descriptor, self._size)
            self._written = True
            os.write(self._descriptor, answer)
        except OSError as error:
            self._tell(error)

    def close(self, *, keep: bool = False) -> None:
        """Be done with it: the store has the answer, or there is none. An answer that came may be
        kept."""
        with suppress(OSError):
            os.close(self._descriptor)
        if not (keep and self._written):
            with suppress(OSError):
                self._file.unlink()

    def _tell(self, error: OSError) -> None:
        if self._descriptor >= 0 or not self._written:
            _log.warning("could not store an answer", file=str(self._file), reason=str(error))


@dataclass(frozen=True, kw_only=True, slots=True)
class SpooledAnswer:
    """An answer that somebody has left lying, or is about to take in."""

    file: Path
    label: Label
    question: str
    sent: int
    """Estimated tokens of the question as it was sent."""
    worker: str
    mark: str
    answer: bytes
    """Perhaps not whole; b'' if none has arrived."""

    def remove(self) -> None:
        """The store has it, or it is none."""
        with suppress(OSError):
            self.file.unlink()

    def set_aside(self) -> None:
        """It cannot be brought in: it is left for people to look at, until it is old."""
        with suppress(OSError):
            self.file.rename(self.file.with_name(f"{self.file.name}{_ASIDE}"))


@dataclass(frozen=True, slots=True)
class AnswerSpool:
    """A folder of such files. Safe for several threads and processes."""

    folder: Path

    def reserve(self, label: Label, question: str, *, sent: int = 0) -> SpoolFile:
        """Make room for the answer to a question, of about `sent` tokens, about a passage."""
        return SpoolFile(self.folder / _start(label), label, question, sent)

    def of(self, labels: Sequence[Label]) -> Iterator[SpooledAnswer]:
        """What lies there of these passages."""
        starts = {_start(label) for label in labels}
        return self._entries(lambda file: file.name.rpartition("-")[0] + "-" in starts)

    def entries(self) -> Iterator[SpooledAnswer]:
        """All that lies there, but for what is too old."""
        before = time.time() - _KEPT_SECONDS

        def kept(file: Path) -> bool:
            if file.stat().st_mtime >= before:
                return True
            file.unlink()
            return False

        return self._entries(kept)

    def _entries(self, wanted: Callable[[Path], bool]) -> Iterator[SpooledAnswer]:
        files: list[Path] = []
        with suppress(OSError):  # as where there is no folder yet
            files = list(self.folder.iterdir())
        for file in files:
            with suppress(OSError, ValueError, TypeError, KeyError):
                if wanted(file) and file.suffix != _ASIDE:
                    yield _read(file)


def _read(file: Path) -> SpooledAnswer:
    head, _, answer = file.read_bytes().partition(b"\n")
    fields = json.loads(head)
    return SpooledAnswer(
        file=file,
        label=Label(**fields["label"]),
        question=fields["question"],
        sent=fields.get("sent", 0),  # older versions did not write it
        worker=fields["worker"],
        mark=fields["mark"],
        answer=answer,
    )


def _start(label: Label) -> str:
    """Of the names of a passage's files."""
    named = f"{label.extractor} {label.collection} {label.passage_id}"
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}-"
