"""Records of an answer."""

from dataclasses import asdict, replace

import pytest

from retrieval.record import record


@record
class Place:
    """A place."""

    row: int
    names: tuple[str, ...] = ()


def test_records_are_equal_where_their_fields_are() -> None:
    assert Place(row=1) == Place(row=1, names=())
    assert len({Place(row=1), Place(row=1), Place(row=2)}) == 2


def test_a_record_is_a_dataclass() -> None:
    place = Place(row=1, names=("a",))
    assert asdict(place) == {"row": 1, "names": ("a",)}
    assert replace(place, row=2).names == ("a",)


def test_fields_are_given_by_name_and_there_are_no_others() -> None:
    with pytest.raises(TypeError):
        Place(1)  # type: ignore[call-arg]  # what is refused
    with pytest.raises(AttributeError):
        Place(row=1).column = 2  # type: ignore[attr-defined]  # what is refused
