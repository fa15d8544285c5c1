"""Errors that all stores raise for what does not exist, or already exists."""

from kg.errors import CollectionExists, CollectionNotFound, DocumentNotFound, JobNotFound


def no_collection(name: str) -> CollectionNotFound:
    """There is no collection of this name."""
    return CollectionNotFound(
        f"There is no collection {name!r}. Create it, or list the existing ones with: ammon status"
    )


def collection_exists(name: str) -> CollectionExists:
    """There is a collection of this name."""
    return CollectionExists(
        f"The collection {name!r} already exists: use it, or choose another name."
    )


def no_document(collection: str, document_id: str) -> DocumentNotFound:
    """There is no document of this id."""
    return DocumentNotFound(
        f"There is no document {document_id!r} in {collection!r}. List the collection's "
        "documents to see their ids."
    )


def no_job(job_id: str) -> JobNotFound:
    """There is no job of this id."""
    return JobNotFound(f"There is no job {job_id!r}. List the existing ones with: ammon jobs")
