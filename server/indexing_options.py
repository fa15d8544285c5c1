"""Options for indexing a collection, and how they combine with its present settings or the
defaults."""

from dataclasses import dataclass, replace

from kg.errors import SettingsInvalid
from kg.records import CollectionSettings
from server.settings import Settings
from server.settings.specs import resolve_embedder, resolve_extractor


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexingOptions:
    """How to index a collection; None keeps the present setting, or the default of a new one."""

    extractor: str | None = None
    embedder: str | None = None
    max_tokens: int | None = None
    overlap_tokens: int | None = None


UNCHANGED = IndexingOptions()
"""No options: everything stays as it is."""


def resolve(
    settings: Settings, options: IndexingOptions, base: CollectionSettings | None = None
) -> CollectionSettings:
    """The options applied to the collection's settings `base`; None: to the defaults. Raises:
    SettingsInvalid."""
    changed = _defaults(settings) if base is None else base
    if options.extractor is not None:
        name = resolve_extractor(options.extractor, settings.llm_model)
        changed = replace(changed, extractor=name)
    if options.embedder is not None:
        name = resolve_embedder(options.embedder, settings.embedding_model)
        changed = replace(changed, embedder=name)
    if options.max_tokens is not None:
        changed = replace(changed, max_tokens=options.max_tokens)
    if options.overlap_tokens is not None:
        changed = replace(changed, overlap_tokens=options.overlap_tokens)
    if 0 < changed.max_tokens <= changed.overlap_tokens:
        raise SettingsInvalid(
            f"An overlap of {changed.overlap_tokens} tokens does not fit into passages of "
            f"{changed.max_tokens}: make it smaller."
        )
    return changed


def describe(settings: CollectionSettings) -> str:
    """The settings in a few words."""
    return (
        f"extractor {settings.extractor}, embedder {settings.embedder}, "
        f"passages of {settings.max_tokens} tokens, overlap {settings.overlap_tokens}"
    )


def _defaults(settings: Settings) -> CollectionSettings:
    options = IndexingOptions(
        extractor=settings.extractor,
        embedder=settings.embedder,
        max_tokens=settings.passage_tokens,
        overlap_tokens=settings.overlap_tokens,
    )
    return resolve(settings, options, CollectionSettings())
