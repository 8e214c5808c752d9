"""A small result with one or several outputs, made without a fit."""

from __future__ import annotations

import numpy as np
from games import random_spectrum

from spex_plugins import Interactions

NAMES = ("not", "good", "<b>film</b>", "a & b", "'quoted'")


def build(outputs=None, names=NAMES, spectrum=None):
    n = len(names)
    if spectrum is None:
        spectrum = random_spectrum(n, 8, 3, np.random.default_rng(3), outputs)
    ends = spectrum.predict(np.array([[False] * n, [True] * n]))
    return Interactions(
        function=spectrum,
        feature_names=names,
        n_calls=30,
        budget=32,
        r2=np.full(spectrum.output_shape, 0.875),
        r2_source="cross-validated on 20 uniform masks",
        estimator="spex",
        design="30 distinct masks: <made up>",
        method="8 terms kept",
        empty_value=np.asarray(ends[0]),
        full_value=np.asarray(ends[1]),
    )
