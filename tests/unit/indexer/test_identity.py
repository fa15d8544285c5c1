"""The same content has the same fingerprint, however it is written down."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from indexer.identity import identify
from kg import ids
from kg.records import CollectionSettings, Section, SourceDocument

SETTINGS = CollectionSettings()
NOTE = SourceDocument(
    source="notes/ammon.txt",
    title="Ammon's horn",
    text="Named after a ram's horn.",
    sections=(Section(start=0, end=25, heading="Names", page=2),),
    metadata={"year": 1742, "tags": ["anatomy"]},
    observed_at=datetime(2020, 5, 1, 12, tzinfo=UTC),
)


def fingerprint(
    document: SourceDocument, settings: CollectionSettings = SETTINGS, collection: str = "books"
) -> str:
    return identify(collection, document, settings).fingerprint


def test_a_document_is_known_by_its_source_and_keeps_its_content() -> None:
    found = identify("books", NOTE, SETTINGS)
    assert found.id == ids.document_id("books", "notes/ammon.txt")
    assert (found.title, found.text, found.sections) == (NOTE.title, NOTE.text, NOTE.sections)
    assert (found.metadata, found.observed_at) == (NOTE.metadata, NOTE.observed_at)


@pytest.mark.parametrize(
    "changed",
    [
        replace(NOTE, title="The horn"),
        replace(NOTE, text="Named after a ram."),
        replace(NOTE, sections=()),
        replace(NOTE, metadata={"year": 1743}),
        replace(NOTE, observed_at=None),
        replace(NOTE, media_type="text/markdown"),
    ],
    ids=["title", "text", "sections", "metadata", "observed_at", "media_type"],
)
def test_every_part_of_the_content_counts(changed: SourceDocument) -> None:
    assert fingerprint(changed) != fingerprint(NOTE)


@pytest.mark.parametrize(
    "settings",
    [
        CollectionSettings(extractor="llm"),
        CollectionSettings(max_tokens=64),
        CollectionSettings(overlap_tokens=8),
    ],
)
def test_settings_that_change_the_graph_count(settings: CollectionSettings) -> None:
    assert fingerprint(NOTE, settings) != fingerprint(NOTE)


def test_the_embedder_does_not_count() -> None:
    assert fingerprint(NOTE, CollectionSettings(embedder="other")) == fingerprint(NOTE)


def test_the_order_of_metadata_does_not_count() -> None:
    turned = replace(NOTE, metadata={"tags": ["anatomy"], "year": 1742})
    assert fingerprint(turned) == fingerprint(NOTE)


def test_the_same_moment_in_another_time_zone_does_not_count() -> None:
    east = NOTE.observed_at.astimezone(timezone(timedelta(hours=5))) if NOTE.observed_at else None
    assert fingerprint(replace(NOTE, observed_at=east)) == fingerprint(NOTE)


def test_text_that_moves_from_the_title_into_the_body_counts() -> None:
    one = replace(NOTE, title="ab", text="c")
    other = replace(NOTE, title="a", text="bc")
    assert fingerprint(one) != fingerprint(other)


def test_identifying_a_document_again_changes_nothing() -> None:
    once = identify("books", NOTE, SETTINGS)
    assert identify("books", once, SETTINGS) == once


def test_half_a_surrogate_pair_becomes_a_question_mark_everywhere() -> None:
    half = SourceDocument(
        source="a\ud83d",
        title="b\ud83d",
        text="c\ud83d d",
        sections=(Section(start=0, end=4, heading="e\ud83d"),),
        metadata={"f\ud83d": ["g\ud83d"]},
    )
    found = identify("books", half, SETTINGS)
    assert (found.source, found.title, found.text) == ("a?", "b?", "c? d")
    assert found.sections == (Section(start=0, end=4, heading="e?"),)
    assert found.metadata == {"f?": ["g?"]}
    assert found.id == ids.document_id("books", "a?")


def test_a_moment_before_the_first_year_of_utc_is_kept() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    assert identify("books", replace(NOTE, observed_at=first), SETTINGS).observed_at == first
