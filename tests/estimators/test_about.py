"""What an estimator says that it fits, to which masks, with which R², against what a run tells."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import estimators
from spex_plugins.estimators import about, resolve

NAMES = [
    "auto",
    "averaging",
    "boosted_residual",
    "gaussian_process",
    "proxyspex",
    "shapley",
    "sparse_regression",
    "spex",
    "stacking",
]


def test_every_estimator_says_what_it_fits():
    assert sorted(estimators.ESTIMATORS) == NAMES
    for name in NAMES:
        masks, r2 = about(name).split("; R² is ")
        assert masks
        assert r2
        assert about(resolve(name)) == about(name)
    assert about("magic") == about(object()) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_masks_and_r2_are_those_of_a_run(name):
    n, budget = (18, 250) if name == "auto" else (12, 150)
    weights = np.random.default_rng(0).normal(size=n)
    found = spex.explain(
        lambda m: np.tanh(m @ weights), n, budget=budget, estimator=name, max_order=None, progress=False
    )
    masks, r2 = about(name).split("; R² is ")
    kinds = [kind for kind in ("complementary masks", "nearly orthogonal", "uniform masks") if kind in masks]
    assert kinds
    assert kinds[0] in found.design
    phrases = "cross-validated on", "uniform masks", "complement"
    announced, stated = ({phrase for phrase in phrases if phrase in text} for text in (r2, found.r2_source))
    assert stated == announced or (name == "auto" and stated < announced)  # it chooses between two estimators


def test_what_a_result_says_is_printed():
    found = spex.explain(lambda m: np.tanh(m.sum(axis=1)), 12, budget=150, progress=False)
    for line in (
        f"  masks       {found.design}",
        f"  estimator   auto: {found.method}",
        f"({found.r2_source})",
    ):
        assert line in repr(found)
