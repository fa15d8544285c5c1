"""What stores keep as JSON is read as it was written, by earlier versions too."""

from dataclasses import replace

from kg.codec import settings_fields, settings_of
from kg.records import STEADY, CollectionSettings, Transition

CHANGING = {
    "extractor": "spacy",
    "embedder": "minilm",
    "max_tokens": 128,
    "overlap_tokens": 8,
    "former_embedder": "onnx:/models/e5",
    "next_extractor": "llm:qwen",
    "next_max_tokens": 256,
    "next_overlap_tokens": 16,
    "next_job": "job-1",
    "swapping": True,
    "swapped_at": 7,
}
"""As data folders have it."""


def test_settings_are_read_with_the_change_that_is_in_progress() -> None:
    assert settings_of(CHANGING) == CollectionSettings(
        extractor="spacy",
        embedder="minilm",
        max_tokens=128,
        overlap_tokens=8,
        former_embedder="onnx:/models/e5",
        transition=Transition(
            extractor="llm:qwen",
            max_tokens=256,
            overlap_tokens=16,
            job="job-1",
            swapping=True,
            swapped_at=7,
        ),
    )


def test_settings_are_kept_as_data_folders_have_them() -> None:
    assert list(settings_fields(settings_of(CHANGING)).items()) == list(CHANGING.items())


def test_settings_from_before_there_were_changes_are_steady() -> None:
    old = {"extractor": "spacy", "embedder": "minilm", "max_tokens": 256, "overlap_tokens": 0}
    assert settings_of(old) == CollectionSettings()
    assert settings_of(old).transition == STEADY


def test_a_change_in_progress_says_what_comes_next_and_is_left_behind_once_settled() -> None:
    settings = settings_of(CHANGING)
    steady = replace(settings, transition=STEADY)
    assert settings.changing
    assert settings.settled == steady
    assert settings.upcoming == replace(
        steady, extractor="llm:qwen", max_tokens=256, overlap_tokens=16
    )
    assert (steady.changing, steady.upcoming) == (False, None)
