"""Texts that one worker cannot embed are left to the others, and it says so."""

from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from indexer.flow.refusing import MOST_KEPT_TEXTS, ROUNDS
from kg.errors import ModelUnavailable
from tests.doubles.office import AT_ONCE, Office
from tests.doubles.two_workers import QUICKLY, Two, wrong_key
from tests.doubles.workshop import COLLECTION


def refuses_to_embed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        office.flow._pauses, "refused", lambda kind: {COLLECTION} if kind == "embed" else set()
    )


def one_cannot_embed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Two:
    """Two workers, of which the bad one has just been asked to embed."""

    def fails(*_: object) -> None:
        raise ModelUnavailable("The embedding model cannot be reached")

    two = Two(folder, wrong_key)
    monkeypatch.setattr(type(two.bad._embedding), "embed", fails)
    two.office.broker.send("embed", {"collection": COLLECTION, "texts": {}})
    two.bad_takes(1)
    return two


def texts(number: int) -> dict[str, Any]:
    return {"collection": COLLECTION, "texts": {"entity": [f"name {number}"]}}


def taking(office: Office, messages: int) -> Thread:
    """A thread that hands the worker so many messages that it refuses."""

    def take() -> None:
        for number in range(messages):
            office.flow.take("embed", texts(number))

    thread = Thread(target=take, daemon=True)
    thread.start()
    return thread


def test_what_a_worker_refuses_occupies_none_of_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=replace(AT_ONCE, refuse=3600.0))
    refuses_to_embed(office, monkeypatch)
    thread = taking(office, MOST_KEPT_TEXTS)
    thread.join(30)
    assert not thread.is_alive()
    assert office.broker.steps() == []
    office.flow.close()
    assert [message["texts"] for _, message in office.broker.sent] == [
        texts(number)["texts"] for number in range(MOST_KEPT_TEXTS)
    ]


def test_more_than_a_worker_keeps_waits_for_room_and_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=replace(AT_ONCE, refuse=3600.0))
    refuses_to_embed(office, monkeypatch)
    thread = taking(office, MOST_KEPT_TEXTS + 4)
    thread.join(1.0)
    assert thread.is_alive(), "nothing goes round and round without a pause"
    assert office.broker.steps() == []
    office.flow.tools.stop.set()
    thread.join(30)
    office.flow.close()
    assert office.broker.steps() == ["embed"] * (MOST_KEPT_TEXTS + 4)


def test_what_a_worker_refuses_to_embed_holds_up_none_of_its_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=replace(AT_ONCE, refuse=3600.0))
    refuses_to_embed(office, monkeypatch)
    taking(office, MOST_KEPT_TEXTS).join(30)
    monkeypatch.setattr(office.flow._pauses, "refused", lambda kind: {COLLECTION})
    commit = {"collection": COLLECTION, "tasks": []}
    thread = Thread(target=lambda: office.flow.take("commit", commit), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "there is room for documents beside"
    office.flow.close()


def test_texts_that_one_worker_refuses_are_embedded_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=QUICKLY)
    refuses_to_embed(office, monkeypatch)
    other, embedded = office.process(), set[str]()
    monkeypatch.setattr(
        type(other._embedding), "embed", lambda _, __, some: embedded.update(some["entity"])
    )
    for number in range(200):
        office.broker.send("embed", texts(number))
    for _ in range(100):
        office.broker.deliver_one(office.flow)
        office.broker.deliver_one(other)
    office.flow.refusing.join()
    office.broker.deliver(other)
    assert len(embedded) == 200


def test_texts_that_nobody_can_embed_come_back_so_often_and_then_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=QUICKLY)
    refuses_to_embed(office, monkeypatch)
    for number in range(20):
        office.broker.send("embed", texts(number))
    office.work()
    rounds = [message.get("rounds", 0) for _, message in office.broker.sent]
    assert sorted(rounds) == sorted(list(range(ROUNDS + 1)) * 20)


def test_why_texts_are_not_embedded_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = one_cannot_embed(tmp_path, monkeypatch)
    (refusal,) = two.refused()
    assert (refusal.step, "cannot be reached" in refusal.reason) == ("embed", True)


def test_a_worker_that_stopped_does_not_say_that_it_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = one_cannot_embed(tmp_path, monkeypatch)
    assert len(two.refused()) == 1
    two.bad.close()
    assert two.refused() == []
