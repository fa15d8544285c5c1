"""Synonyms of some entities, within one transaction."""

from collections.abc import Sequence

from kg.neo4j.work import Work
from kg.records import Synonym


def put_synonyms(
    work: Work, collection: str, sources: Sequence[str], synonyms: Sequence[Synonym]
) -> None:
    """Set the synonyms of these sources."""
    work = work.of("derived", collection)
    links = {(link.source_id, link.target_id): link.score for link in synonyms}
    asked = {*sources}.union(*links)
    known = set(work.ids("known_entities", sorted(asked)))
    lost = {source for source, target in links if target not in known}
    work.each("delete_synonyms", sources)
    work.many(
        "insert_synonym",
        (
            {"source_id": source, "target_id": target, "score": score}
            for (source, target), score in links.items()
            if source in known and target in known
        ),
    )
    work.each("set_linked", sorted(set(sources) - lost), linked=True)
    work.each("set_linked", sorted(lost), linked=False)
