import json
from pathlib import Path

import pytest

from indexer.extraction.precomputed import PrecomputedExtractor
from kg.errors import SettingsInvalid
from kg.records import Extraction, NamedEntity, Passage, Triple

MILNER = Passage(id="psg-1", title="Milner", heading="", text="Brenda Milner was\nin Montreal.")
TOLMAN = Passage(id="psg-2", title="Tolman", heading="", text="Tolman taught at Berkeley.")


def file_of(folder: Path, *rows: object) -> Path:
    path = folder / "openie.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def extract(extractor: PrecomputedExtractor, *passages: Passage) -> list[Extraction]:
    return list(extractor.extract(passages))


def test_rows_are_found_by_the_key_that_the_caller_gives(tmp_path: Path) -> None:
    row = {"id": "m0", "entities": ["巴甫洛夫"], "triples": [["巴甫洛夫", "研究", "反射"]]}
    extractor = PrecomputedExtractor(
        file_of(tmp_path, row), lambda passage: {"Milner": "m0"}[passage.title]
    )
    (extraction,) = extract(extractor, MILNER)
    assert extraction.entities == (NamedEntity(name="巴甫洛夫"),)
    assert extraction.triples == (Triple(subject="巴甫洛夫", relation="研究", object="反射"),)
    assert extraction.failure == ""
    assert not extractor.paid


def test_rows_are_found_by_the_passage_s_own_id_without_a_key(tmp_path: Path) -> None:
    (extraction,) = extract(PrecomputedExtractor(file_of(tmp_path, {"id": "psg-1"})), MILNER)
    assert extraction == Extraction(
        passage_id="psg-1", extractor=extraction.extractor, entities=(), triples=()
    )


def test_rows_with_title_and_text_are_found_by_their_content(tmp_path: Path) -> None:
    row = {"title": "Milner", "text": "Brenda  Milner was in Montreal. ", "entities": ["Montreal"]}
    (extraction,) = extract(PrecomputedExtractor(file_of(tmp_path, row)), MILNER)
    assert extraction.entities == (NamedEntity(name="Montreal"),)


def test_a_passage_without_a_row_fails_by_name_and_the_others_go_on(tmp_path: Path) -> None:
    path = file_of(tmp_path, {"id": "Tolman", "entities": ["Tolman"]})
    missing, there = extract(PrecomputedExtractor(path, lambda p: p.title), MILNER, TOLMAN)
    assert missing.failure.startswith(f"{path} has no row for the passage 'Milner'.")
    assert there.entities == (NamedEntity(name="Tolman"),)


def test_malformed_triples_and_names_are_left_out_and_counted(tmp_path: Path) -> None:
    good = ["Milner", "was in", "Montreal"]
    bad = [["a", "b"], ["a", "b", "c", "d"], ["a", 1, "c"], ["a", "", "c"], "abc", None, {}]
    row = {"id": "psg-1", "entities": ["Milner", "", 7, None], "triples": [*bad, good]}
    extractor = PrecomputedExtractor(file_of(tmp_path, row))
    (extraction,) = extract(extractor, MILNER)
    assert extraction.triples == (Triple(subject="Milner", relation="was in", object="Montreal"),)
    assert extraction.entities == (NamedEntity(name="Milner"),)
    assert extractor.dropped == len(bad) + 3


def test_the_fingerprint_follows_the_file_s_content(tmp_path: Path) -> None:
    first = PrecomputedExtractor(file_of(tmp_path, {"id": "a"})).fingerprint
    again = PrecomputedExtractor(file_of(tmp_path, {"id": "a"})).fingerprint
    other = PrecomputedExtractor(file_of(tmp_path, {"id": "b"})).fingerprint
    assert first == again != other
    assert first.startswith("precomputed:")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"{", "is not valid JSON"),
        (b'{"id": "\xff"}', "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"[1]", "is not a JSON object"),
        (b'{"entities": []}', "neither an 'id' nor a 'text'"),
        (b'{"id": "b", "triples": "abc"}', "has a 'triples' that is not a list"),
        (b'{"id": "a", "entities": ["other"]}', "second row for the same passage"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path: Path, line: bytes, fault: str) -> None:
    path = tmp_path / "openie.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": "a"}\r\n\n' + line + b"\n")
    with pytest.raises(SettingsInvalid, match=rf"openie\.jsonl, line 3, .*{fault}"):
        PrecomputedExtractor(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"Cannot read .*none\.jsonl"):
        PrecomputedExtractor(tmp_path / "none.jsonl")
