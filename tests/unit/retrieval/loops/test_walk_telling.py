"""Loops that tell what a walk went over."""

import numpy as np
import pytest

from kg.snapshot.container import Strings
from kg.snapshot.tables import Float32Array, Ragged
from retrieval.loops.strings import addresses_of
from retrieval.loops.telling import facts_about, largest_sums, strings_of, told_of_facts


def ints(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(numbers, dtype=np.int32)


def floats(*numbers: float) -> Float32Array:
    return np.array(numbers, dtype=np.float32)


def largest(keys: list[int], amounts: list[float], count: int) -> list[tuple[int, float]]:
    half = len(keys) // 2
    some, others = 2 * floats(*amounts[:half]), floats(*amounts[half:])
    found, sums = largest_sums(
        ints(*keys[:half]), some, 0.5, ints(*keys[half:]), others, 1.0, count
    )
    return list(zip(found.tolist(), sums.tolist(), strict=True))


def test_amounts_of_one_key_are_added() -> None:
    found = largest([7, 900, 7, 3], [0.5, 0.25, 0.125, 1], 8)
    assert found == [(3, 1.0), (7, 0.625), (900, 0.25)]


def test_of_equal_sums_that_which_comes_first_is_kept() -> None:
    assert largest([4, 2, 9, 5], [0.25, 0.5, 0.25, 0.5], 3) == [(2, 0.5), (5, 0.5), (4, 0.25)]


def test_what_sums_to_nothing_is_left_out() -> None:
    assert largest([4, 2], [0, 0.5], 8) == [(2, 0.5)]
    assert largest([], [], 8) == []


def test_the_largest_sums_are_those_of_a_sorted_list() -> None:
    random = np.random.default_rng(5)
    keys, amounts = random.integers(0, 60, 200), random.integers(0, 9, 200)
    sums = [(int(key), float(amounts[keys == key].sum())) for key in dict.fromkeys(keys.tolist())]
    expected = sorted((one for one in sums if one[1]), key=lambda one: -one[1])[:8]
    assert largest(keys.tolist(), amounts.tolist(), 8) == expected


def test_facts_with_a_used_name_at_either_end_come_once_ascending() -> None:
    stated = Ragged.from_rows([[1, 2, 4], [0, 2]])
    subject, object_ = ints(5, 70, 8, 5, 9), ints(6, 7, 5, 7, 6)
    vectors = np.arange(10, dtype=np.float32).reshape(5, 2)
    # Fact 2 is stated in both passages, fact 1 is about other names, fact 3 is stated elsewhere.
    entity = ints(5, -1, 9)
    rows = stated.indptr, stated.items
    found, theirs = facts_about(ints(0, 1), rows, subject, object_, vectors, ints(2, 1, 0), entity)
    assert found.tolist() == [0, 2, 4]
    assert theirs.tolist() == [[0, 1], [4, 5], [8, 9]]


def test_names_without_an_entity_are_in_no_fact() -> None:
    rows, vectors = Ragged.from_rows([[0]]), np.ones((1, 2), dtype=np.float32)
    found, theirs = facts_about(
        ints(0), (rows.indptr, rows.items), ints(63), ints(62), vectors, ints(0), ints(-1)
    )
    assert (found.tolist(), theirs.shape) == ([], (0, 2))


WORDS = Strings.of(["Память", "", "𝕏 marks", "a", "ε", "the last"])


def test_of_the_best_facts_are_told_names_relations_scores_and_who_states_them() -> None:
    stating = Ragged.from_rows([[0], [1, 3], [0, 2, 3]])
    text, begins, scores, statements = told_of_facts(
        ints(0, 1, 2),
        floats(0.25, 0.5, 0.75),
        2,
        ints(3, 4, 5),
        ints(2, 1, 0),
        (stating.indptr, stating.items),
        ints(3, 0),
        ints(5),
        (WORDS.arrays,) * 5,
    )
    found = strings_of(text, begins)
    assert found[:1] == ["the last"]
    subjects, relations, objects = found[1:3], found[3:5], found[5:7]
    assert (subjects, relations, objects) == (["the last", "ε"], ["𝕏 marks", ""], ["Память", ""])
    assert found[7:] == ["Память", "a", "a"]
    assert (scores.tolist(), statements.tolist()) == ([0.75, 0.5], [2, 1])


def test_without_facts_names_alone_are_told() -> None:
    none = Ragged.from_rows([])
    rows = none.indptr, none.items
    text, begins, scores, statements = told_of_facts(
        ints(), floats(), 8, ints(), ints(), rows, ints(1), ints(0, 3), (WORDS.arrays,) * 5
    )
    assert strings_of(text, begins) == ["Память", "a"]
    assert len(scores) == len(statements) == 0


@pytest.mark.parametrize("strings", [["a\0", "", "Ö\0\0𝕏"], ["\0"], ["", "\0", ""], ["", ""]])
def test_strings_with_nul_and_empty_ones_come_back_as_they_are(strings: list[str]) -> None:
    words, none = Strings.of(strings), Ragged.from_rows([])
    rows, every = (none.indptr, none.items), ints(*range(len(strings)))
    text, begins, _, _ = told_of_facts(
        ints(), floats(), 8, ints(), ints(), rows, ints(), every, (words.arrays,) * 5
    )
    assert strings_of(text, begins) == strings


@pytest.mark.parametrize(
    ("place", "offset"), [(1, 1 << 44), (1, -(1 << 44)), (3, 99), (0, 5), (4, -1)]
)
def test_offsets_that_lie_beside_the_text_of_a_damaged_column_are_not_followed(
    place: int, offset: int
) -> None:
    words = Strings.of(["ab", "cd", "ef", "gh"])
    offsets = words.offsets.copy()
    offsets[place] = offset
    none = Ragged.from_rows([])
    text, begins, _, _ = told_of_facts(
        ints(),
        floats(),
        8,
        ints(),
        ints(),
        (none.indptr, none.items),
        ints(),
        ints(0, 1, 2, 3, 4, -1),
        (Strings(words.data, offsets).arrays,) * 5,
    )
    whole = ["ab", "cd", "ef", "gh"]
    assert all(
        found in ("", expected)
        for found, expected in zip(strings_of(text, begins)[:4], whole, strict=True)
        if found != "abcdef"  # where the end of one is that of the next, it is in the text
    )
    assert strings_of(text, begins)[4:] == ["", ""]


def test_a_column_of_other_numbers_is_refused() -> None:
    words = Strings.of(["one", "two"])
    offsets = words.offsets.astype(np.int32)
    with pytest.raises(TypeError, match="int32, not int64"):
        addresses_of([(words.data, offsets)])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        addresses_of([(words.data, np.repeat(words.offsets, 2)[::2])])
