"""Synonyms of some entities: within one transaction, and cut into portions for several.

A transaction's memory is limited, and entities may have a hundred synonyms each.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from kg.neo4j.work import Work
from kg.records import Synonym

MOST_LINKS = 20_000
"""Of one transaction. They cost the server some three kilobytes each."""
_MOST_SOURCES = 1_000
"""Of one transaction: each may have a hundred synonyms already."""
MOST_UNLINKED = 20_000
"""Entities that one transaction marks."""


def portions(
    sources: Sequence[str], synonyms: Sequence[Synonym]
) -> Iterator[tuple[Sequence[str], Sequence[Synonym]]]:
    """For a transaction each, in order of the sources: some of them, and all synonyms of each. At
    least one."""
    of: dict[str, list[Synonym]] = defaultdict(list)
    for link in synonyms:
        of[link.source_id].append(link)
    some: list[str] = []
    links: list[Synonym] = []
    for source in dict.fromkeys(sources):
        more = of.get(source, [])
        if some and (len(some) == _MOST_SOURCES or len(links) + len(more) > MOST_LINKS):
            yield some, links
            some, links = [], []
        some.append(source)
        links += more
    yield some, links


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


def forget_some(work: Work, collection: str, after: str) -> str | None:
    """Delete some synonyms, of the first sources from this one on; return from which one to go on,
    None if none is left. A source that lost one is unlinked at that moment."""
    work = work.of("derived", collection)
    last, number = work.rows("forget_some_synonyms", after=after, limit=MOST_LINKS)[0]
    return last if number == MOST_LINKS else None


def unlink_some(work: Work, collection: str, after: str) -> str | None:
    """Mark some entities as unlinked, the first ones after this one; return after which one to go
    on, None if none is left."""
    work = work.of("derived", collection)
    last, number = work.rows("unlink_some", after=after, limit=MOST_UNLINKED)[0]
    return last if number == MOST_UNLINKED else None


def unlink_some_of(work: Work, collection: str, entity_ids: Sequence[str]) -> bool:
    """Delete some synonyms from and to these entities, as `forget_some` does; whether there may be
    more."""
    work, left = work.of("derived", collection), MOST_LINKS
    for start in range(0, len(entity_ids), _MOST_SOURCES):
        ids = entity_ids[start : start + _MOST_SOURCES]
        left -= work.value("forget_some_synonyms_of", ids=ids, limit=left)
        if left == 0:
            return True
    return False
