"""Benchmarks: one command a question, each beside its baseline in the same run.

`python -m bench.corpus` makes corpora of any size; `bench.walk`, `bench.hipporag2`,
`bench.pagerank`, `bench.open`, `bench.index`, `bench.increment`, `bench.gpu` and `bench.embedding`
measure. All take `--json`; all but `bench.corpus`, `bench.gpu` and `bench.increment` take
`--plot FILE`.

What is compared runs on one thread: the libraries read these variables when they are loaded.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
