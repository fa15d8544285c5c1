"""What a GPU brings."""

import json

import numpy as np
import pytest

from bench import gpu
from kg.device import trouble


@pytest.mark.skipif(not trouble(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        gpu.main(["--vectors", "100"])
    assert ended.value.code == 2
    assert "There is no GPU to measure" in capsys.readouterr().err


def test_generated_vectors_have_the_synonyms_that_are_meant() -> None:
    first, second = gpu.synonyms(gpu.made(400, seed=1))
    assert (first // 4 == second // 4).all()
    assert 400 < len(first) <= 600
    np.testing.assert_array_equal(gpu.made(40, seed=1), gpu.made(40, seed=1))


@pytest.mark.gpu
def test_both_devices_find_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    gpu.main(["--vectors", "3000", "--json"])
    (table,) = json.loads(capsys.readouterr().out)["tables"].values()
    assert [(row["what"], row["same_result"]) for row in table] == [
        ("synonyms", "yes"),
        ("dense", "yes"),
    ]
