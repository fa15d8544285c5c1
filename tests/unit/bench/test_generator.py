from pathlib import Path

import numpy as np
import pytest

from bench.generator import (
    QuestionEmbedder,
    Shape,
    adjacency_of,
    chain_questions,
    write_corpus,
)
from kg.snapshot import Snapshot, SnapshotFolder
from kg.tokens import tokenise
from retrieval.retriever import Retriever

SMALL = Shape(passages=600, dimension=64)


def _written(shape: Shape, folder: Path) -> Snapshot:
    corpus = SnapshotFolder(folder)
    write_corpus(shape, corpus)
    return Snapshot.read(corpus.open())


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return _written(SMALL, tmp_path_factory.mktemp("corpus"))


def test_equal_shapes_give_equal_bytes(tmp_path: Path) -> None:
    folders = SnapshotFolder(tmp_path / "one"), SnapshotFolder(tmp_path / "other")
    for folder in folders:
        write_corpus(SMALL, folder)
    one, other = (folder.open().manifest.files for folder in folders)
    assert one == other


def test_another_seed_gives_another_corpus(snapshot: Snapshot, tmp_path: Path) -> None:
    other = _written(Shape(passages=600, dimension=64, seed=2), tmp_path)
    assert other.passages.text[0] != snapshot.passages.text[0]


def test_nothing_but_the_snapshot_is_left_behind(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    write_corpus(SMALL, folder)
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"CURRENT", "pointer.lock", *folder.names()}


def test_sentences_are_as_many_as_in_real_passages(snapshot: Snapshot) -> None:
    counts = np.diff(snapshot.sentences.indptr)
    assert counts.min() == 1
    assert 3.2 < counts.mean() < 3.7


def test_names_are_as_many_and_as_rare_as_in_real_passages(snapshot: Snapshot) -> None:
    df = np.diff(snapshot.pairs.indptr)
    assert 14 < len(snapshot.pairs.entry) / SMALL.passages < 18
    assert 0.75 < (df == 1).mean() < 0.87
    assert 0.05 * SMALL.passages < df.max() < 0.3 * SMALL.passages


def test_the_share_of_the_largest_hub_does_not_depend_on_the_size() -> None:
    shares = []
    for passages in (2_000, 8_000):
        degrees = np.diff(adjacency_of(Shape(passages=passages)).indptr)
        shares.append(degrees.max() / passages)
    assert shares[1] == pytest.approx(shares[0], rel=0.3)


def test_vectors_have_length_one_and_sentences_lie_near_their_passages(snapshot: Snapshot) -> None:
    passages = snapshot.passages.vectors[snapshot.sentences.passage]
    sentences = snapshot.sentences.vectors.rows(np.arange(len(snapshot.sentences.passage)))
    cosines = np.einsum("ij,ij->i", passages, sentences)
    assert np.allclose(np.linalg.norm(sentences, axis=1), 1.0, atol=1e-2)
    assert cosines.mean() == pytest.approx(0.8, abs=0.03)


def test_the_text_names_what_the_pairs_say(snapshot: Snapshot) -> None:
    pairs, table = snapshot.pairs, snapshot.sentences
    for pair in range(0, len(pairs.entry), 997):
        sentence = int(pairs.sentences.row(pair)[0])
        passage = int(table.passage[sentence])
        text = snapshot.passages.text[passage]
        assert passage == pairs.passage[pair]
        assert (
            snapshot.gazetteer.label[pairs.entry[pair]]
            in text[table.start[sentence] : table.end[sentence]]
        )


def test_sentences_end_where_their_full_stops_are(snapshot: Snapshot) -> None:
    table = snapshot.sentences
    for passage in (0, 299, 599):
        text = snapshot.passages.text[passage]
        ends = table.end[table.indptr[passage] : table.indptr[passage + 1]]
        assert [text[end - 1] for end in ends] == ["."] * len(ends)
        assert ends[-1] == len(text)


def test_names_are_found_by_the_surfaces_of_the_gazetteer(snapshot: Snapshot) -> None:
    table = snapshot.gazetteer
    assert (np.diff(table.key.astype(object)) > 0).all()
    for row in (0, 17, len(table.key) - 1):
        (entry,) = table.entries.row(row)
        forms = " ".join(token.form for token in tokenise(table.label[entry]))
        assert forms == table.surface[row]


def test_the_graph_is_symmetric(snapshot: Snapshot) -> None:
    from scipy.sparse import csr_array

    table = snapshot.adjacency
    graph = csr_array((table.weights, table.indices, table.indptr))
    assert abs(graph - graph.T).max() == 0


def test_a_corpus_gets_no_more_facts_than_the_shape_allows(tmp_path: Path) -> None:
    few = _written(Shape(passages=600, dimension=16, most_facts=600), tmp_path)
    assert 450 < len(few.facts.subject) < 750


def test_a_question_joins_two_passages_over_a_name_that_it_does_not_say(
    snapshot: Snapshot,
) -> None:
    for question in chain_questions(snapshot, 20):
        first, second = question.gold
        there = snapshot.pairs.passage[
            snapshot.pairs.indptr[question.bridge] : snapshot.pairs.indptr[question.bridge + 1]
        ]
        assert first != second
        assert {first, second} <= set(there.tolist())
        assert snapshot.passages.title[first] in question.text
        assert snapshot.gazetteer.label[question.bridge] not in question.text


def test_questions_are_the_same_for_the_same_seed(snapshot: Snapshot) -> None:
    assert chain_questions(snapshot, 5) == chain_questions(snapshot, 5)
    assert chain_questions(snapshot, 5) != chain_questions(snapshot, 5, seed=2)


def test_a_question_lies_near_the_sentences_that_it_asks_for(snapshot: Snapshot) -> None:
    questions = chain_questions(snapshot, 20)
    embedder = QuestionEmbedder(snapshot, questions)
    vectors = embedder.embed([question.text for question in questions], "query")
    for vector, question in zip(vectors, questions, strict=True):
        cosines = snapshot.sentences.vectors.rows(np.array(question.sentences)) @ vector
        assert cosines[0] > 0.2
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("mode", ["ammon", "dense", "bm25", "hipporag2", "hipporag"])
def test_the_snapshot_answers_in_every_mode(snapshot: Snapshot, mode: str) -> None:
    questions = chain_questions(snapshot, 1)
    retriever = Retriever(snapshot, QuestionEmbedder(snapshot, questions))
    assert len(retriever.search(questions[0].text, mode=mode, k=5).hits) == 5


def test_the_walk_finds_second_passages_that_embeddings_alone_do_not(snapshot: Snapshot) -> None:
    questions = chain_questions(snapshot, 30)
    retriever = Retriever(snapshot, QuestionEmbedder(snapshot, questions))
    found = {
        mode: sum(
            snapshot.passages.id[question.gold[1]]
            in {hit.passage_id for hit in retriever.search(question.text, mode=mode, k=5).hits}
            for question in questions
        )
        for mode in ("ammon", "dense")
    }
    assert found["ammon"] > found["dense"]
