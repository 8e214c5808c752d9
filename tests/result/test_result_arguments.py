"""Arguments of results: numbers of outputs and of sets, tables of another explanation."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import InputError, Interactions, Spectrum


def result(n=3, outputs=None):
    function = Spectrum.from_dict(n, {(0, 1): 1.0 if outputs is None else np.ones(outputs)})
    return Interactions(
        function=function,
        feature_names=tuple(f"x{i}" for i in range(n)),
        n_calls=8,
        budget=8,
        r2=np.ones(function.output_shape),
        r2_source="known",
        estimator="none",
        design="none",
    )


@pytest.mark.parametrize("wrong", [True, 1.0, "0", [], [True, False], None, slice(1), [[0]]])
def test_outputs_are_numbers(wrong):
    several = result(outputs=2)
    with pytest.raises(InputError, match="output: must be the number of an output"):
        several.output(wrong)
    for beyond in (2, -3, [0, 2]):
        with pytest.raises(IndexError, match="output: there are 2 outputs, numbered from 0 to 1; got"):
            several.output(beyond)


@pytest.mark.parametrize("wrong", [-1, 1.5, True, None])
def test_numbers_of_sets_are_not_negative(wrong):
    found = result()
    table = found.index()
    for ask in (found.top, table.top, spex.over_rows([found]).top):
        with pytest.raises(InputError, match="k: must be an integer ≥ 0"):
            ask(wrong)
    assert len(found.top(0)) == len(table.top(0)) == 0


def test_deviations_are_those_of_the_same_features():
    with pytest.raises(InputError, match="table: has 2 features, this explanation has 3"):
        result().deviations(result(2).index())
