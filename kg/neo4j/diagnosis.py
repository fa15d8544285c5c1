"""What the driver's errors mean, and how to resolve them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kg.errors import (
    StoreClosed,
    StoreError,
    StoreOverloaded,
    StoreRefused,
    StoreStarting,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from neo4j.exceptions import Neo4jError


def diagnosis(error: Exception) -> tuple[type[StoreError], str]:
    """The kind of error that this one of the driver's is, and the remedy."""
    from neo4j import exceptions as neo

    if isinstance(error, neo.Neo4jError) and _is_of_security(error):
        return StoreRefused, "Check AMMON_NEO4J_USER and AMMON_NEO4J_PASSWORD."
    if isinstance(error, neo.ConfigurationError):
        return StoreRefused, "Check AMMON_NEO4J_URI: neo4j://HOST:7687 or bolt://HOST:7687."
    if is_starting(error):
        return StoreStarting, "It may have just started: try again in a moment, or see its log."
    if isinstance(error, neo.ServiceUnavailable | neo.SessionExpired):
        return StoreUnavailable, "Start it, or check AMMON_NEO4J_URI; then try again."
    if is_short_of_memory(error):
        return StoreOverloaded, (
            "Raise its heap (server.memory.heap.max_size), or what transactions may have of it "
            "(dbms.memory.transaction.total.max, db.memory.transaction.max); or do less at once."
        )
    if isinstance(error, neo.TransientError) or is_late(error):
        return StoreOverloaded, "It is busy: try again in a moment."
    if isinstance(error, neo.Neo4jError):
        if "DatabaseNotFound" in (error.code or ""):
            return StoreRefused, "Check AMMON_NEO4J_DATABASE."
        return StoreError, "See its log; if Ammon is at fault, please report it."
    if "closed" in str(error).lower():
        return StoreClosed, "The store was closed: open it again."
    return StoreUnavailable, "Check that it is running, and AMMON_NEO4J_URI; then try again."


def may_pass(error: BaseException | None) -> bool:
    """Whether the same may succeed in a moment."""
    from neo4j import exceptions as neo

    return isinstance(error, neo.DriverError | neo.Neo4jError) and error.is_retryable()


def is_starting(error: BaseException | None) -> bool:
    """Whether the server answers that its database is not available, as it does before it has
    opened it."""
    from neo4j import exceptions as neo

    return isinstance(error, neo.TransientError) and (error.code or "").endswith(
        ".DatabaseUnavailable"
    )


def is_short_of_memory(error: BaseException | None) -> bool:
    """Whether the server answers, but had no memory left for the transaction."""
    from neo4j import exceptions as neo

    return isinstance(error, neo.Neo4jError) and "OutOfMemory" in (error.code or "")


def is_late(error: BaseException | None) -> bool:
    """Whether the server answers, but ended the transaction because it took too long."""
    from neo4j import exceptions as neo

    return isinstance(error, neo.Neo4jError) and ".TransactionTimedOut" in (error.code or "")


def is_made_already(error: BaseException | None) -> bool:
    """Whether another process made the same constraint or index at that moment."""
    from neo4j import exceptions as neo

    made = "EquivalentSchemaRuleAlreadyExists"
    return isinstance(error, neo.Neo4jError) and made in (error.code or "")


def said_by(error: Exception) -> str:
    """The message of the server, the system or the driver, without codes and without the final full
    stop."""
    from neo4j import exceptions as neo

    for cause in _causes(error):
        if isinstance(cause, TimeoutError | neo.ConnectionAcquisitionTimeoutError):
            return "it does not answer"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    said = str(error)
    # What comes from a server is told by the driver with its codes around it.
    if isinstance(error, neo.Neo4jError) and error.message and error.message in said:
        said = error.message
    return said.strip().rstrip(".")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The cause; of several the last, which belongs to the last address that was tried."""
    while error is not None:
        yield error
        last = error.exceptions[-1] if isinstance(error, BaseExceptionGroup) else None
        error = last or error.__cause__


def _is_of_security(error: "Neo4jError") -> bool:
    """A wrong password; and after three of them, that one has to wait."""
    return ".Security." in (error.code or "")
