"""Files and folders -> documents.

A file in a folder is known by its path from the folder that was given ("notes/a.md"), with "/" on
every system; a file that was given itself, by its name. So the same folder gives the same sources
wherever it lies. In folders, names that begin with "." are passed over, and files of unknown kinds
and empty ones come as skipped; a file that was given itself is read whatever its name, as far as
its bytes tell what it is.
"""

import codecs
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from indexer.loaders.clean import clean_line
from indexer.loaders.failure import LoadFailure
from indexer.loaders.formats import is_known, load_bytes
from indexer.loaders.limits import Limits
from kg.records import SourceDocument


def load(
    paths: Sequence[Path],
    *,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> Iterator[SourceDocument | LoadFailure]:
    """The documents of files and folders, path after path, folders in the order of their names.

    A source that came before in this run comes as a failure: the second document would take the
    place of the first.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _load_path(path, limits):
            if isinstance(found, SourceDocument):
                if found.source in seen:
                    yield LoadFailure(
                        source=found.source,
                        reason=f"the source {found.source!r} occurs twice in this run: only the "
                        "first is used. Pass the folder above both, or rename one.",
                    )
                    continue
                seen.add(found.source)
            yield found


def _load_path(path: Path, limits: Limits) -> Iterator[SourceDocument | LoadFailure]:
    if path.is_dir():
        yield from _load_folder(path, limits)
    else:
        yield from _load_file(path, path.name, limits, told=str(path))


def _load_folder(folder: Path, limits: Limits) -> Iterator[SourceDocument | LoadFailure]:
    errors: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root) / name
            source = path.relative_to(folder).as_posix()
            if name.startswith("."):
                continue
            if is_known(name):
                yield from _load_file(path, source, limits, of_folder=True)
            else:
                yield LoadFailure(
                    source=clean_line(source),
                    reason=f"{source!r} has an unsupported file type: in a folder it is skipped. "
                    "To read it as text, give the file itself.",
                    skipped=True,
                )
        for error in errors:
            yield _failure(str(error.filename), error)
        errors.clear()
    for error in errors:
        yield _failure(str(error.filename), error)


def _load_file(
    path: Path, source: str, limits: Limits, *, told: str = "", of_folder: bool = False
) -> Iterator[SourceDocument | LoadFailure]:
    """`told`: what it is called where it cannot be read; by default its source. `of_folder`:
    whether it was not given itself."""
    told = told or source
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            yield LoadFailure(source=clean_line(source), reason=f"{told!r} is not a regular file")
            return
        if status.st_size > limits.max_file_bytes:
            yield LoadFailure(
                source=clean_line(source),
                reason=f"{told!r} has {status.st_size:,} bytes; at most "
                f"{limits.max_file_bytes:,} are allowed (the setting max_file_mb).",
            )
            return
        data = path.read_bytes()
    except OSError as error:
        yield _failure(source, error, told)
        return
    if of_folder and not data.removeprefix(codecs.BOM_UTF8).strip():
        reason = f"{source!r} is empty: in a folder it is skipped."
        yield LoadFailure(source=clean_line(source), reason=reason, skipped=True, empty=True)
        return
    yield from load_bytes(path.name, data, limits=limits, source=source)


def _failure(source: str, error: OSError, told: str = "") -> LoadFailure:
    return LoadFailure(
        source=clean_line(source),
        reason=f"Cannot read {(told or source)!r}: {error.strerror or error}",
    )
