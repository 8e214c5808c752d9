"""The same small result with one and several outputs."""

from __future__ import annotations

import pytest
from small_results import build


@pytest.fixture(params=[None, 1, 3], ids=["scalar", "K=1", "K=3"])
def found(request):
    return build(request.param)
