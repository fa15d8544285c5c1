"""The graph's records.

Truth: `Collection`, `Document`, `Passage`, `Placement`, `Extraction`. Derived from extractions by
`kg.derive`, kept by every store exactly as long as a passage supports them: `Entity`, `Fact`,
`Mention`, `Support`. Derived from entities' embeddings by the indexer: `Synonym`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """How far a collection is in being indexed by another extractor, or in other passages (see
    `indexer.changeover`)."""

    extractor: str = ""
    """The extractor that replaces the present one, together with the next two settings, once it has
    extracted all documents; '' if no change is in progress."""
    max_tokens: int = 0
    overlap_tokens: int = 0
    job: str = ""
    """The job that extracts the documents for the change; kept after the change."""
    swapping: bool = False
    """Whether the new graph is replacing the old one, in several transactions: meanwhile no
    snapshot is built, since the graph is a mixture of both."""
    swapped_at: int = 0
    """The first revision at which the whole graph is that job's; 0 before."""


STEADY = Transition()
"""No change is in progress, and none has been."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectionSettings:
    """How a collection's documents become a graph; documents are indexed again when it changes."""

    extractor: str = "spacy"
    """The extractor's fingerprint: its name, or its name, model and prompt version."""
    embedder: str = "minilm"
    """The embedder's model id."""
    max_tokens: int = 256
    """The longest passage, in the embedder's tokens; 0 keeps every document whole."""
    overlap_tokens: int = 0
    """How much of the end of a passage the next one repeats, in tokens."""
    former_embedder: str = ""
    """The embedder of the previous snapshots, which are used until there is one of the present
    embedder; '' if there are none."""
    transition: Transition = STEADY
    """The change of these settings that is in progress, if any."""

    @property
    def upcoming(self) -> "CollectionSettings | None":
        """The settings after the change in progress; None if there is none."""
        if not self.transition.extractor:
            return None
        return replace(
            self.settled,
            extractor=self.transition.extractor,
            max_tokens=self.transition.max_tokens,
            overlap_tokens=self.transition.overlap_tokens,
        )

    @property
    def settled(self) -> "CollectionSettings":
        """The same settings without the change in progress."""
        return replace(self, transition=STEADY)

    @property
    def changing(self) -> bool:
        """Whether another graph is to replace the present one, or is doing so."""
        return self.transition.swapping or bool(self.transition.extractor)


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """A corpus with its own graph. Its revision increases with every change."""

    name: str
    revision: int = 0
    settings: CollectionSettings = field(default_factory=CollectionSettings)
    identity: str = field(default="", compare=False, repr=False)
    """Made with it by its store (`kg.ids.new_identity`): tells it from every other collection of
    its name, in another store, or deleted before. '' if it is older than identities."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of a document's text under one heading and on one page."""

    start: int
    """Offset of its first character in the document's text."""
    end: int
    heading: str = ""
    """The path of headings above it, joined by ' > '; without the document's title."""
    page: int | None = None
    """The page it is on, counted from 1, where the format has pages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceDocument:
    """A document as a loader or a caller submits it."""

    source: str
    """Identifies the document: a path, an address, a name."""
    title: str
    text: str
    sections: tuple[Section, ...] = ()
    metadata: Mapping[str, JSON] = field(default_factory=dict)
    observed_at: datetime | None = None
    """When the text was written, or when what it says was true; None if unknown."""
    media_type: str = "text/plain"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document(SourceDocument):
    """A document of a collection."""

    id: str
    fingerprint: str
    """Hash of all of its content and of the settings that it is indexed with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A piece of text that is retrieved as a whole."""

    id: str
    title: str
    heading: str
    text: str

    @property
    def embedded_text(self) -> str:
        """The passage as embedders read it: title, heading (if any) and text, a line each."""
        return "\n".join(part for part in (self.title, self.heading, self.text) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """Where a passage occurs in a document."""

    document_id: str
    ordinal: int
    """0 for the document's first passage."""
    passage_id: str
    start: int
    """Offset of the passage's first character in the document's text."""
    end: int
    page: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedEntity:
    """An entity as an extractor names it."""

    name: str
    type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Triple:
    """Subject, relation and object as an extractor words them."""

    subject: str
    relation: str
    object: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Extraction:
    """What an extractor found in a passage; where a model did it, this is what was paid for."""

    passage_id: str
    extractor: str
    """Fingerprint of the extractor (see `CollectionSettings.extractor`)."""
    entities: tuple[NamedEntity, ...] = ()
    triples: tuple[Triple, ...] = ()
    model: str = ""
    prompt_version: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    raw: str = ""
    """The model's answers as they came, for audits and for another parser."""
    failure: str = ""
    """Why the passage is in quarantine; '' if the extraction succeeded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Which extractor read a passage of the graph."""

    passage_id: str
    extractor: str
    failed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """A passage without entities and facts, because its extraction failed."""

    document_id: str
    """Id of a document that contains it."""
    source: str
    """That document's source."""
    passage_id: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """Something that passages name."""

    id: str
    name: str
    """Normal form (`kg.names.normalise`)."""
    surface: str
    """The form that most passages use; ties go to the smallest in code-point order."""
    type: str = ""
    """The type that most passages give; '' if none does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A relation between two entities that at least one passage supports."""

    id: str
    subject_id: str
    relation: str
    """Normal form."""
    object_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A passage names an entity (in its extraction's entities or triples)."""

    passage_id: str
    entity_id: str
    surface: str
    type: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Support:
    """A passage states a fact."""

    passage_id: str
    fact_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Synonym:
    """`target` is among the nearest entities of `source`, by the embeddings of their names."""

    source_id: str
    target_id: str
    score: float
    """Cosine, rounded to 6 decimals."""
