"""Questions are asked together, or one alone."""

from threading import Event, Thread

from indexer.extraction.turns import Turns


def test_who_asks_alone_waits_for_the_others_and_goes_before_those_who_come_later() -> None:
    turns, order = Turns(), list[str]()
    asked = Event()

    def alone() -> None:
        asked.set()
        with turns.alone():
            order.append("alone")

    def later() -> None:
        with turns.together():
            order.append("later")

    threads = [Thread(target=alone), Thread(target=later)]
    with turns.together():
        with turns.together():
            pass
        threads[0].start()
        assert asked.wait(5)
        while not turns._waiting:
            asked.wait(0.001)
        threads[1].start()
        threads[1].join(0.05)
        order.append("first")
    for thread in threads:
        thread.join(5)
    assert order == ["first", "alone", "later"]


def test_several_who_ask_alone_take_turns_also_after_an_error() -> None:
    turns, at_once, most = Turns(), 0, 0

    def alone() -> None:
        nonlocal at_once, most
        try:
            with turns.alone():
                at_once += 1
                most = max(most, at_once)
                Event().wait(0.005)
                at_once -= 1
                raise OverflowError
        except OverflowError:
            pass

    threads = [Thread(target=alone) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert most == 1
    with turns.together():
        pass
