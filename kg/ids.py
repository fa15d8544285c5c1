"""Ids are hashes of content within a collection: the same content has the same id, always.

Each id is a kind, a hyphen, and 24 hexadecimal digits (96 bits of BLAKE2b over the collection's
name and the content's parts, each preceded by its length in bytes, so that different lists of parts
never give the same bytes). Only a collection's identity is made of chance.
"""

import hashlib
import secrets


def _digest(*parts: str) -> str:
    hasher = hashlib.blake2b(digest_size=12)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return hasher.hexdigest()


def new_identity() -> str:
    """Tells a collection that is being made from all others: 16 random hexadecimal digits."""
    return secrets.token_hex(8)


def document_id(collection: str, source: str) -> str:
    """A document is known by its source (path, address or name): a new text replaces the old."""
    return "doc-" + _digest(collection, "document", source)


def passage_id(collection: str, title: str, heading: str, text: str) -> str:
    """A passage is known by what is embedded and read; equal passages of two documents are one."""
    return "psg-" + _digest(collection, "passage", title, heading, text)


def entity_id(collection: str, name: str) -> str:
    """An entity is known by the normal form of its name (`kg.names.normalise`)."""
    return "ent-" + _digest(collection, "entity", name)


def fact_id(collection: str, subject: str, relation: str, object_: str) -> str:
    """A fact is known by the normal forms of its three parts."""
    return "fct-" + _digest(collection, "fact", subject, relation, object_)


def content_hash(*parts: str) -> str:
    """A hash of any content: what a fingerprint or a cache key is made of."""
    return _digest(*parts)
