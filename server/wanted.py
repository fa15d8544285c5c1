"""Options for indexing a collection, and how they combine with its present settings or the
defaults."""

from dataclasses import dataclass, replace

from kg.errors import SettingsInvalid
from kg.records import CollectionSettings
from server.settings import Settings
from server.settings.specs import resolve_embedder, resolve_extractor


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How to index a collection; None keeps the present setting, or the default of a new one."""

    extractor: str | None = None
    embedder: str | None = None
    max_tokens: int | None = None
    overlap_tokens: int | None = None


AS_IT_IS = Wanted()
"""No options: everything stays as it is."""


def settled(
    settings: Settings, wanted: Wanted, base: CollectionSettings | None = None
) -> CollectionSettings:
    """The options applied to the collection's settings `base`; None: to the defaults. Raises:
    SettingsInvalid."""
    changed = _defaults(settings) if base is None else base
    if wanted.extractor is not None:
        name = resolve_extractor(wanted.extractor, settings.llm_model)
        changed = replace(changed, extractor=name)
    if wanted.embedder is not None:
        name = resolve_embedder(wanted.embedder, settings.embedding_model)
        changed = replace(changed, embedder=name)
    if wanted.max_tokens is not None:
        changed = replace(changed, max_tokens=wanted.max_tokens)
    if wanted.overlap_tokens is not None:
        changed = replace(changed, overlap_tokens=wanted.overlap_tokens)
    if 0 < changed.max_tokens <= changed.overlap_tokens:
        raise SettingsInvalid(
            f"An overlap of {changed.overlap_tokens} tokens does not fit into passages of "
            f"{changed.max_tokens}: make it smaller."
        )
    return changed


def in_words(settings: CollectionSettings) -> str:
    """The settings in a few words."""
    return (
        f"extractor {settings.extractor}, embedder {settings.embedder}, "
        f"passages of {settings.max_tokens} tokens, overlap {settings.overlap_tokens}"
    )


def _defaults(settings: Settings) -> CollectionSettings:
    wanted = Wanted(
        extractor=settings.extractor,
        embedder=settings.embedder,
        max_tokens=settings.passage_tokens,
        overlap_tokens=settings.overlap_tokens,
    )
    return settled(settings, wanted, CollectionSettings())
