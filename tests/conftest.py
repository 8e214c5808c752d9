"""Settings of the whole suite: the same hypothesis examples every time, one thread for small models."""

from __future__ import annotations

import os

from hypothesis import settings

# galois imports Numba, which sets the number of OpenMP threads of the process, PyTorch's included, to that of
# the processors; small models run several times slower with them.
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

settings.register_profile("spex", derandomize=True, deadline=None, max_examples=25, database=None)
settings.register_profile("fast", settings.get_profile("spex"), max_examples=8)
settings.load_profile("spex")
