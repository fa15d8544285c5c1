"""Validation in every store: invalid Unicode and contradictory records are refused."""

import reprlib
from collections.abc import Iterable

from kg.codec import document_fields, dumps, entities_json, triples_json
from kg.errors import DocumentUnreadable, InputError, NameInvalid
from kg.names import is_collection_name
from kg.records import Document, Extraction, SourceDocument, Synonym
from kg.store import Change, DocumentGraph


def check_name(name: str) -> None:
    """Raises: NameInvalid if a collection may not have this name."""
    if not is_collection_name(name):
        raise NameInvalid(
            f"{name!r} is not a valid collection name: use 1 to 100 letters, digits, spaces, "
            "'.', '-' and '_', beginning with a letter, a digit or '_'."
        )


def check_change(change: Change) -> None:
    """Raises: InputError, DocumentUnreadable (half a surrogate pair), ValueError."""
    check_documents(graph.document for graph in change.put)
    for graph in change.put:
        _check_graph(graph)
    check_extractions(change.extractions)


def check_source(document: object) -> SourceDocument:
    """Check a document from a caller, and return it. Raises: InputError if it is not a document, or
    has no source or text."""
    if not isinstance(document, SourceDocument):
        raise InputError(
            "Documents must be a list of SourceDocument (kg.records), not "
            f"{reprlib.repr(document)}."
        )
    for what, value in (("source", document.source), ("text", document.text)):
        if not isinstance(value, str):
            raise InputError(f"The {what} of a document must be a string, not {value!r}.")
        if not value.strip():
            raise InputError(
                f"A document has no {what} (source {document.source!r}, title {document.title!r}). "
                "Give it one, or leave the document out."
            )
    return document


def check_documents(documents: Iterable[Document]) -> None:
    """Raises: DocumentUnreadable if a text is not valid Unicode."""
    for document in documents:
        if not is_unicode(dumps(document_fields(document))):
            raise DocumentUnreadable(
                f"The document {document.source!r} contains half of a surrogate pair, which is "
                "not valid Unicode. Save it as UTF-8 and ingest it again."
            )


def check_extractions(extractions: Iterable[Extraction]) -> None:
    """Raises: InputError if a text is not valid Unicode."""
    for found in extractions:
        names = dumps([entities_json(found.entities), triples_json(found.triples)])
        if not all(map(is_unicode, (names, found.raw, found.failure))):
            raise InputError(
                f"The extraction of passage {found.passage_id} by {found.extractor!r} contains "
                "half of a surrogate pair. Replace such characters first."
            )


def check_synonyms(sources: Iterable[str], synonyms: Iterable[Synonym]) -> None:
    """Raises: ValueError if a synonym belongs to none of the sources."""
    strangers = {link.source_id for link in synonyms} - set(sources)
    if strangers:
        raise ValueError(f"synonyms of entities that are not being set: {sorted(strangers)}")


def as_unicode(text: str) -> str:
    """The text with each half of a surrogate pair replaced by a question mark."""
    return text if is_unicode(text) else text.encode("utf-8", "replace").decode("utf-8")


def _check_graph(graph: DocumentGraph) -> None:
    placed = {place.passage_id for place in graph.placements}
    if placed != {passage.id for passage in graph.passages}:
        raise ValueError(f"{graph.document.source!r}: placements and passages do not match")
    if any(place.document_id != graph.document.id for place in graph.placements):
        raise ValueError(f"{graph.document.source!r}: a placement belongs to another document")
    texts = (f"{one.title}{one.heading}{one.text}" for one in graph.passages)
    if not all(map(is_unicode, texts)):
        raise DocumentUnreadable(
            f"A passage of {graph.document.source!r} contains half of a surrogate pair."
        )


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can represent it: it contains no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
