import json
import time
from pathlib import Path

import numpy as np
import pytest

from bench import corpus, hipporag2, measure, pagerank, walk
from bench.clocked import ClockedEmbedder
from bench.generator import Shape, adjacency_of
from bench.pagerank import NetworkxPageRank, ScipyPower
from bench.plain_embedding import PlainEmbedding
from bench.steps import StepTimes
from inference.onnx import OnnxEmbedder
from retrieval import ranking
from retrieval.pagerank import IgraphPageRank
from tests.doubles.hash_embedder import HashEmbedder


def test_time_is_split_by_step_and_the_code_is_left_as_it_was() -> None:
    before = ranking.best_of
    with StepTimes(["retrieval.ranking"]) as times:
        ranking.ranking(np.arange(5.0), 2)
        assert ranking.best_of is not before
    assert ranking.best_of is before
    assert times.ms["ranking"] > 0


def test_a_stopwatch_counts_milliseconds() -> None:
    began = time.perf_counter()
    with measure.Stopwatch() as watch:
        time.sleep(0.01)
    assert 9 < watch.ms <= (time.perf_counter() - began) * 1000


def test_a_clocked_embedder_gives_what_the_other_gives() -> None:
    embedder = HashEmbedder()
    clocked = ClockedEmbedder(embedder)
    assert np.array_equal(clocked.embed(["a"], "query"), embedder.embed(["a"], "query"))
    assert clocked.texts == {"query": 1}
    assert clocked.total_ms > 0


@pytest.mark.parametrize("engine", [ScipyPower, NetworkxPageRank])
def test_the_baselines_of_pagerank_agree_with_igraph(
    engine: type[ScipyPower] | type[NetworkxPageRank],
) -> None:
    adjacency = adjacency_of(Shape(passages=50))
    reset = np.zeros(len(adjacency.indptr) - 1)
    reset[[0, 7, 30]] = 1.0, 0.5, 0.25
    expected = IgraphPageRank(adjacency).rank(reset)
    assert np.allclose(engine(adjacency).rank(reset), expected, atol=1e-7)


def test_the_least_of_several_calls_counts() -> None:
    waits = iter([0.0, 0.03, 0.03])
    cost = measure.least(lambda: time.sleep(next(waits)), 3)
    assert cost.seconds < 0.03
    assert next(waits, None) is None


def test_engines_of_pagerank_are_compared_with_igraph(capsys: pytest.CaptureFixture[str]) -> None:
    pagerank.main(["--nodes", "500", "--questions", "2", "--repeat", "1", "--json"])
    (rows,) = json.loads(capsys.readouterr().out)["tables"].values()
    assert [row["engine"] for row in rows][:2] == ["igraph prpack", "ammon"]
    assert all(row["largest_difference"] < 1e-8 for row in rows)
    assert [row["same_top_20_%"] for row in rows] == [100.0] * len(rows)


def test_hipporag2_is_asked_with_our_pagerank_and_with_igraphs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--passages", "300", "--questions", "3", "--repeat", "1", "--folder", str(tmp_path)]
    hipporag2.main([*common, "--json"])
    (rows,) = json.loads(capsys.readouterr().out)["tables"].values()
    assert [row["mode"] for row in rows] == ["hipporag2, igraph prpack", "hipporag2", "dense"]
    assert rows[1]["same_top_10_in_order_%"] == 100.0
    assert rows[2]["times_dense"] == 1.0


def test_the_baseline_of_embedding_embeds_the_same() -> None:
    texts = ["Golgi stained nerve cells with silver.", "Ecology."]
    plain = PlainEmbedding().embed(texts)
    ours = OnnxEmbedder(threads=1).embed(texts, "passage")
    assert (np.einsum("ij,ij->i", plain, ours) > 0.98).all()


def test_a_corpus_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus.main(["--passages", "200", "--folder", str(tmp_path), "--json"])
    (row,) = json.loads(capsys.readouterr().out)["tables"]["Generated corpora"]
    (folder,) = tmp_path.iterdir()
    before = (folder / "CURRENT").read_text()
    corpus.main(["--passages", "200", "--folder", str(tmp_path), "--json"])
    assert row["passages"] == 200
    assert (folder / "CURRENT").read_text() == before


def test_modes_are_compared_with_dense_in_one_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "top.json"
    common = ["--passages", "300", "--questions", "5", "--folder", str(tmp_path), "--json"]
    walk.main([*common, "--save", str(kept), "--steps"])
    capsys.readouterr()
    walk.main([*common, "--against", str(kept), "--modes", "ammon", "dense"])
    tables = json.loads(capsys.readouterr().out)["tables"]
    modes = {row["mode"]: row for row in tables["A question, without its embedding"]}
    assert modes["dense"]["times_dense"] == 1.0
    assert modes["ammon"]["p50_ms"] > 0
    assert tables[f"The top five against {kept}"][0]["same_top_5_%"] == 100.0
