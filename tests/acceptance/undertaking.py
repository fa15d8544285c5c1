"""What is ingested in the acceptance tests, and a program that does so until it is killed.

    python -m tests.acceptance.undertaking FOLDER CALLS

`CALLS` is a file to which the extractor appends the id of each passage that it is asked for.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

from indexer.extraction.port import Extractor
from indexer.worker import Worker
from kg.records import Passage, SourceDocument
from kg.sqlite import SQLiteStore
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop

_PEOPLE = ("Cajal", "Golgi", "Milner", "Scoville", "Penfield", "Hebb", "Lashley", "Corkin")
_PLACES = ("Madrid", "Pavia", "Montreal", "Hartford", "Cambridge", "Harvard", "Oslo")
_SHARED = "Santiago and Camillo shared the prize in Stockholm in 1906."
_SECONDS_PER_PASSAGE = 0.004


def documents(number: int = 60) -> list[SourceDocument]:
    """Documents of two passages that name the same people and places; every fifth is the same
    one."""
    found = []
    for index in range(number):
        person, other = _PEOPLE[index % 8], _PEOPLE[(index * 3 + 1) % 8]
        place = _PLACES[index % 7]
        text = (
            f"{person} wrote letter {index} to {other} from {place}. "
            f"{other} answered {person} after {index + 2} days."
        )
        shared = index % 5 == 0
        found.append(
            SourceDocument(
                source=f"letters/{index}.txt",
                title="The prize" if shared else f"Letter {index}",
                text=_SHARED if shared else text,
                metadata={"number": index},
            )
        )
    return found


def workshop(folder: Path, extractor: Extractor | None = None) -> Workshop:
    """A workshop whose store and snapshots lie in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return Workshop(
        folder=folder,
        store=SQLiteStore(folder / "store.sqlite"),
        extractor=extractor or ScriptedExtractor(paid=True),
        settings=replace(SETTINGS, max_tokens=16),
    )


def main(folder: Path, calls: Path) -> None:
    """Hand everything in and work until it is published."""

    def write_down(passage: Passage) -> str:
        with calls.open("a", encoding="utf-8") as file:
            file.write(passage.id + "\n")
        time.sleep(_SECONDS_PER_PASSAGE)
        return ""

    shop = workshop(folder, ScriptedExtractor(write_down, paid=True))
    shop.pipeline.submit(COLLECTION, documents())
    Worker(shop.pipeline, poll_seconds=0.05).run_until_empty()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
