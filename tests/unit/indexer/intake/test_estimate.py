"""What documents would take is said before anything is done."""

from dataclasses import replace
from pathlib import Path

import pytest

from indexer.extraction.llm import LLMExtractor
from indexer.intake import intake
from indexer.progress import StepProgress
from indexer.spending import Spending
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg.jobs import Prices
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

A, B = note("a", "Scoville operated."), note("b", "Milner tested. Corkin asked.")
NOWHERE = Endpoint(base_url="http://127.0.0.1:9/v1", model="m", attempts=1)


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(
        folder=tmp_path,
        extractor=LLMExtractor(OpenAIChatModel(NOWHERE)),
        prices=Prices(input=1.0, output=3.0),
    )


def test_an_estimate_counts_passages_tokens_and_money_and_does_nothing(shop: Workshop) -> None:
    found = shop.pipeline.estimate(COLLECTION, [A, B, replace(A, source="copy")])
    assert (found.documents, found.passages, found.to_read) == (3, 2, 2)
    spent = found.spending
    assert spent.input_tokens > 2 * spent.output_tokens > 0
    assert spent.cost == pytest.approx((spent.input_tokens + 3 * spent.output_tokens) / 1e6)
    assert (shop.sources(), shop.queue.jobs()) == ([], [])


def test_what_is_there_and_what_was_paid_for_costs_nothing(shop: Workshop) -> None:
    model, shop.extractor = (
        shop.extractor,
        ScriptedExtractor(fingerprint=shop.extractor.fingerprint, paid=True),
    )
    shop.ingest(A)
    shop.extractor = model
    found = shop.pipeline.estimate(COLLECTION, [A, replace(A, source="copy"), B])
    assert (found.documents, found.unchanged, found.passages, found.to_read) == (2, 1, 2, 1)


def test_an_extractor_without_a_price_costs_nothing(tmp_path: Path) -> None:
    shop = Workshop(folder=tmp_path)
    found = shop.pipeline.estimate(COLLECTION, [A, B])
    assert (found.to_read, found.spending) == (2, Spending())


def test_a_collection_need_not_be_there(shop: Workshop) -> None:
    found = shop.pipeline.estimate("not there", [B, B], SETTINGS)
    assert (found.documents, found.passages, found.to_read) == (1, 1, 1)


def test_longer_texts_take_more(shop: Workshop) -> None:
    longer = note("b", B.text * 20)
    short, long = (shop.pipeline.estimate(COLLECTION, [one]).spending for one in (B, longer))
    assert long.input_tokens > short.input_tokens
    assert long.output_tokens > 3 * short.output_tokens


def test_nothing_to_pay_is_told_from_nobody_knows_how_much(tmp_path: Path) -> None:
    free = Workshop(folder=tmp_path / "free")
    assert free.pipeline.estimate(COLLECTION, [A]).cost == 0.0
    paid = Workshop(folder=tmp_path / "paid", extractor=LLMExtractor(OpenAIChatModel(NOWHERE)))
    assert paid.pipeline.estimate(COLLECTION, [A]).cost is None


def test_an_estimate_of_many_portions_is_that_of_one(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.ingest(note("there", "Hebb wrote."))
    given = [A, replace(A, source="copy"), note("there", "Hebb wrote."), B, A]
    whole = shop.pipeline.estimate(COLLECTION, given)
    monkeypatch.setattr(intake, "PORTION_DOCUMENTS", 1)
    assert shop.pipeline.estimate(COLLECTION, given) == whole
    assert (whole.documents, whole.passages) == (3, 2)


def test_how_far_a_long_text_is_cut_is_told(tmp_path: Path) -> None:
    told: list[StepProgress] = []
    shop = Workshop(folder=tmp_path, settings=replace(SETTINGS, max_tokens=100))
    long = note("long", "Milner tested Molaison. " * 10_000)
    shop.pipeline.estimate(COLLECTION, [A, long], progress=told.append)
    done = [step.done for step in told]
    assert {step.step for step in told} == {"cut"}
    assert len(done) > 10
    assert done == sorted(done)
    assert done[-1] == len(A.text) + len(long.text)
