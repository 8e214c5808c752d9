"""Settings of the whole suite: the same hypothesis examples every time, Numba, and a quiet import of SHAP."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress

from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")
# galois imports Numba, which sets the number of OpenMP threads of the process, PyTorch's included, to that of
# the processors; small models run several times slower with them.
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

with warnings.catch_warnings(), suppress(ImportError):
    # SHAP 0.51 itself uses a colour map call that matplotlib ≥ 3.11 announces to deprecate.
    warnings.simplefilter("ignore")
    import numba

    numba.config.DISABLE_JIT = True  # compiling SHAP's loops takes each process longer than running them here
    from shap.maskers import _image

    numba.config.DISABLE_JIT = False
    # This one gets a list of Numba's, which heapq accepts in compiled code only.
    _image._jit_build_partition_tree = numba.njit(_image._jit_build_partition_tree)

settings.register_profile("spex", derandomize=True, deadline=None, max_examples=25, database=None)
settings.register_profile("fast", settings.get_profile("spex"), max_examples=8)
settings.load_profile("spex")
