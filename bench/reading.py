"""Reading a graph as the build of a snapshot does."""

from kg.store import GraphReader


def read_all(reader: GraphReader) -> None:
    """Read, one by one, all records that a snapshot is made of."""
    for records in (
        reader.passages,
        reader.entities,
        reader.mentions,
        reader.facts,
        reader.supports,
        reader.synonyms,
        reader.documents,
        reader.placements,
    ):
        for _ in records():
            pass
