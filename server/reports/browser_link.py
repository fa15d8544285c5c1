"""Links that show an answer in Neo4j Browser."""

from collections.abc import Iterator

from kg import ids
from kg.errors import SettingsInvalid
from kg.names import normalise
from retrieval.results import Retrieval, UsedFact
from server.settings import Settings


def check_neo4j(settings: Settings) -> None:
    """Raises: SettingsInvalid unless the graph is kept in Neo4j."""
    if settings.store != "neo4j":
        raise SettingsInvalid(
            f"Neo4j Browser cannot show the graph, which is kept in {settings.store}. Copy it "
            "with: ammon migrate --from sqlite --to neo4j, and set AMMON_STORE=neo4j."
        )


def browser_link(settings: Settings, found: Retrieval) -> str:
    """A link that opens Neo4j Browser with the passages found, and the entities and facts that led
    to them.

    Raises: SettingsInvalid unless the graph is kept in Neo4j.
    """
    from kg.neo4j.browser import answer_link

    check_neo4j(settings)
    return answer_link(
        settings.neo4j_browser_url,
        database=settings.neo4j_database,
        collection=found.collection,
        passages=(hit.passage_id for hit in found.hits),
        entities=(ids.entity_id(found.collection, normalise(name)) for name in _names(found)),
        facts=(_fact_id(found.collection, fact) for fact in found.explanation.facts),
    )


def _names(found: Retrieval) -> Iterator[str]:
    """The names used; those that are not entities, such as years, have no node and are not
    drawn."""
    for entity in found.explanation.entities:
        yield entity.name
    for fact in found.explanation.facts:
        yield fact.subject
        yield fact.object


def _fact_id(collection: str, fact: UsedFact) -> str:
    subject, relation, object_ = map(normalise, (fact.subject, fact.relation, fact.object))
    return ids.fact_id(collection, subject, relation, object_)
