"""`ammon why`, with a real store and real files; the models are doubles."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.doubles.command_line import Ammon

QUESTION = "Who coined the Engram that Karl Lashley sought?"


@pytest.fixture
def ammon(ammon: Ammon, notes: Path) -> Ammon:
    """With a collection of two documents."""
    ammon("ingest", notes)
    return ammon


def test_the_best_passage_is_told_of(ammon: Ammon) -> None:
    done = ammon("why", QUESTION)
    assert done.code == 0
    assert "is ranked 1st (score 0." in done.out
    assert "directly, because the question names “Engram”" in done.out
    assert "«Karl Lashley sought the Engram.»" in done.out


def test_a_passage_is_given_by_rank_or_by_source(ammon: Ammon) -> None:
    by_source = ammon("why", QUESTION, "semon.md").out
    assert by_source.startswith("Semon is ranked 2nd")
    assert ammon("why", QUESTION, "2").out == by_source


@pytest.mark.parametrize("rank", ["0", "9" * 20])
@pytest.mark.parametrize("place", [[], ["--without-passage"]])
def test_what_is_no_rank_is_refused_as_such(ammon: Ammon, rank: str, place: list[str]) -> None:
    done = ammon("why", QUESTION, *place, rank)
    assert (done.code, f"{rank} is not a rank: give a number from 1" in done.complaint) == (2, True)


def test_a_number_too_long_for_python_is_no_rank(ammon: Ammon) -> None:
    assert ammon("why", QUESTION, "9" * 5000).code == 2


def test_a_picture_of_another_kind_than_svg_is_refused(ammon: Ammon, tmp_path: Path) -> None:
    done = ammon("why", QUESTION, "--picture", tmp_path / "why.png")
    assert (done.code, ".svg" in done.err) == (2, True)
    assert not (tmp_path / "why.png").exists()


def test_the_whole_answer_is_told_of(ammon: Ammon) -> None:
    lines = ammon("why", QUESTION, "2", "--answer").out.splitlines()
    ranks = [line.split(" is ranked ")[1][:3] for line in lines if " is ranked " in line]
    assert ranks == ["1st", "2nd"]


def test_a_rank_that_nothing_has_is_an_error(ammon: Ammon) -> None:
    done = ammon("why", QUESTION, "3")
    assert done.code == 1
    assert "no passage at rank 3" in done.err


def test_a_picture_is_written(ammon: Ammon, tmp_path: Path) -> None:
    file = tmp_path / "why.svg"
    done = ammon("why", QUESTION, "--picture", file)
    assert done.code == 0
    assert ElementTree.parse(file).getroot().tag.endswith("svg")  # noqa: S314 - our own text
    assert str(file) in done.out


def test_a_picture_that_cannot_be_written_is_an_error(ammon: Ammon, tmp_path: Path) -> None:
    done = ammon("why", QUESTION, "--picture", tmp_path / "no" / "why.svg")
    assert done.code == 1
    assert "cannot be written" in done.err


def test_it_is_told_where_a_passage_would_be_without_a_name(ammon: Ammon) -> None:
    done = ammon("why", QUESTION, "--without-entity", "Engram")
    assert "Without the name 'Engram'" in done.out


def test_a_passage_to_leave_out_is_given_by_rank_too(ammon: Ammon) -> None:
    done = ammon("why", QUESTION, "2", "--without-passage", "1")
    assert "' (1st), Semon would be 1st, not 2nd" in done.out


def test_a_document_to_leave_out_changes_as_much_as_deleting_it(ammon: Ammon, notes: Path) -> None:
    (notes / "again.md").write_bytes((notes / "semon.md").read_bytes())
    ammon("ingest", notes)
    told = ammon("why", QUESTION, "lashley.txt", "--without-passage", "again.md", "--json").json
    ammon("delete", "again.md")
    (after,) = ammon("why", QUESTION, "lashley.txt", "--json").json["receipts"]
    found = told["counterfactual"]
    assert (found["rank_without"], found["score_without"]) == (after["rank"], after["score"])


def test_of_two_documents_with_the_same_passage_one_is_ranked_without_the_other(
    ammon: Ammon, notes: Path
) -> None:
    (notes / "again.md").write_bytes((notes / "semon.md").read_bytes())
    ammon("ingest", notes)
    done = ammon("why", QUESTION, "semon.md", "--without-passage", "again.md")
    assert (done.code, done.err) == (0, "")
    assert "Without document 'again.md', Semon would still be 2nd" in done.out
    assert "Nothing is left out: other documents hold all its passages, too." in done.out


def test_a_document_of_several_passages_that_is_left_out_is_not_called_a_passage(
    ammon: Ammon, notes: Path
) -> None:
    met = "\n\n".join(f"Hebb met the Engram in {year}." for year in range(1940, 1950))
    (notes / "hebb.md").write_text(f"# Hebb\n\n{met}\n")
    small = ("-c", "small", "--json")
    assert ammon("ingest", notes, "--passage-tokens", "16", *small).json["passages"] > 3
    told = ammon("why", QUESTION, "semon.md", "--without-passage", "hebb.md", *small[:2]).out
    assert "Without document 'hebb.md' ('Hebb', " in told


def test_in_json_there_are_receipts_and_the_counterfactual(ammon: Ammon) -> None:
    found = ammon("why", QUESTION, "--json", "--without-entity", "Engram").json
    (receipt,) = found["receipts"]
    parts = [*receipt["direct"], *receipt["bridges"]]
    assert sum(part["amount"] for part in parts) == pytest.approx(receipt["score"], abs=1e-5)
    assert found["counterfactual"]["without"]["entity"] == "Engram"
    assert found["counterfactual"]["rank"] == 1


def test_two_things_cannot_be_left_out_at_once(ammon: Ammon) -> None:
    done = ammon("why", QUESTION, "--without-entity", "Engram", "--without-passage", "2")
    told = "--without-entity and --without-passage were given, and only one of them can be"
    assert (done.code, told in done.complaint) == (2, True)


def test_a_collection_that_is_not_there_is_an_error(ammon: Ammon) -> None:
    done = ammon("why", QUESTION, "-c", "nobody")
    assert done.code == 1
    assert "nobody" in done.err


def test_the_help_says_that_a_number_is_a_rank(ammon: Ammon) -> None:
    said = " ".join(ammon("why", "--help").out.replace("│", " ").split())
    assert "A number is always a rank" in said


def test_the_help_has_an_example(ammon: Ammon) -> None:
    assert "ammon why" in ammon("why", "--help").out.split("Example")[1]


@pytest.mark.parametrize("option", ["--without-entity", "--without-passage", "--without-fact"])
def test_a_blank_is_not_nothing_to_be_left_out(ammon: Ammon, option: str) -> None:
    done = ammon("why", QUESTION, option, "")
    assert (done.code, f"{option} is empty" in done.complaint) == (2, True)


def test_of_an_empty_collection_it_is_said_as_query_does(ammon: Ammon) -> None:
    for source in ("semon.md", "lashley.txt"):
        ammon("delete", source)
    assert "has no passages yet: ingest a document first" in ammon("query", QUESTION).out
    done = ammon("why", QUESTION)
    assert (done.code, "has no passages yet: ingest a document first" in done.complaint) == (
        1,
        True,
    )
