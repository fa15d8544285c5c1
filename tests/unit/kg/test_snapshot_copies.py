"""Texts that stand in several passages, and the pairs of a text."""

import numpy as np

from kg.snapshot import Ragged, Strings
from kg.snapshot.copies import best_known_first, copies_among, pairs_of_texts
from kg.snapshot.tables import Pairs


def rows_of(table: Ragged) -> list[list[int]]:
    return [table.row(row).tolist() for row in range(len(table))]


def pairs(*rows: tuple[int, int, bool, bool, list[int]], entries: int, passages: int) -> Pairs:
    """(entry, passage, is_title, weak, sentences), in order."""
    return Pairs.of(
        entry=np.array([row[0] for row in rows], dtype=np.int32),
        passage=np.array([row[1] for row in rows], dtype=np.int32),
        is_title=np.array([row[2] for row in rows], dtype=np.bool_),
        weak=np.array([row[3] for row in rows], dtype=np.bool_),
        sentences=Ragged.from_rows([row[4] for row in rows]),
        entries=entries,
        passages=passages,
    )


def rows_in(table: Pairs) -> list[tuple[int, int, bool, bool, list[int]]]:
    columns = (table.entry, table.passage, table.is_title, table.weak)
    lists = (column.tolist() for column in columns)
    return list(zip(*lists, rows_of(table.sentences), strict=True))


def test_a_table_of_copies_tells_all_that_are_equal_but_for_white_space() -> None:
    texts = ["a b", "c", "ab", " a\n b ", "苍鹭", "c", "a\u3000b", "苍 鹭", "", " "]
    assert rows_of(copies_among(Strings.of(texts))) == [[0, 3, 6], [1, 5], [8, 9]]
    assert len(copies_among(Strings.of([]))) == len(copies_among(Strings.of(["a", "b"]))) == 0


SENTENCES = np.array([0, 2, 4, 6, 9], dtype=np.int64)
"""Of four passages; the last three have one text, which is one more sentence in the last."""
TABLE = pairs(
    (0, 0, False, False, [1]),
    (0, 1, False, True, [2]),
    (0, 2, False, False, [4]),
    (0, 3, False, True, [6]),
    (1, 3, True, False, [6, 7, 8]),
    (2, 1, False, True, [3]),
    (2, 2, True, False, [4, 5]),
    (3, 2, False, True, [5]),
    (3, 3, False, True, [8]),
    entries=4,
    passages=4,
)


def test_a_text_has_the_pairs_of_all_its_passages_and_its_own_first() -> None:
    made = pairs_of_texts(TABLE, Ragged.from_rows([[1, 2, 3]]), SENTENCES)
    assert rows_in(made) == [
        (0, 0, False, False, [1]),
        (0, 1, False, False, [2]),
        (1, 1, True, False, [2, 3, 3]),
        (2, 1, True, False, [2, 3]),
        (3, 1, False, True, [3]),
    ]
    assert made.indptr.tolist() == [0, 2, 3, 4, 5]
    assert rows_of(made.by_passage) == [[0], [1, 2, 3, 4], [], []]


def test_where_nothing_is_a_copy_all_pairs_stay() -> None:
    assert rows_in(pairs_of_texts(TABLE, Ragged.from_rows([]), SENTENCES)) == rows_in(TABLE)
    none = pairs(entries=2, passages=4)
    assert rows_in(pairs_of_texts(none, Ragged.from_rows([[0, 1]]), SENTENCES)) == []


def test_the_passage_whose_title_most_name_stands_for_a_text() -> None:
    copies = Ragged.from_rows([[0, 1], [2, 3]])
    table = pairs(
        (0, 0, False, False, [0]),
        (0, 1, True, False, [2, 3]),
        (1, 0, True, False, [0, 1]),
        (2, 1, False, False, [2]),
        (2, 2, False, False, [4]),
        entries=3,
        passages=4,
    )
    assert rows_of(best_known_first(copies, table)) == [[1, 0], [2, 3]]
