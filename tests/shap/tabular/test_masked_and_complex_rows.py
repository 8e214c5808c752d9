"""Cells whose value means nothing are not read as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from spex_plugins import InputError, ValueFunctionError
from spex_plugins.shap import SpexExplainer

ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
HIDDEN = [[False, True, False], [False, False, False]]


def known_cells(rows):
    """The sum of the cells that are not missing."""
    return np.nansum(np.asarray(rows), axis=1)


@pytest.mark.parametrize("dtype", [float, int])
def test_masked_cells_of_rows_and_backgrounds_are_missing(dtype):
    hidden = np.ma.array(ROWS.astype(dtype), mask=HIDDEN)
    explanation = SpexExplainer(known_cells, np.zeros((1, 3)))(hidden, silent=True)
    np.testing.assert_allclose(explanation.values, [[1, 0, 3], [4, 5, 6]], atol=1e-12)
    of_background = SpexExplainer(known_cells, hidden[:1])(ROWS[1:], silent=True)
    np.testing.assert_allclose(of_background.base_values, [4.0])
    np.testing.assert_allclose(of_background.values, [[3, 5, 3]], atol=1e-12)
    with pytest.raises(ValueFunctionError, match="NaN"):
        SpexExplainer(lambda rows: np.asarray(rows).sum(axis=1), np.zeros((1, 3)))(hidden, silent=True)


def test_complex_rows_are_refused():
    with pytest.raises(InputError, match=r"^rows: the background is real, the rows are complex"):
        SpexExplainer(known_cells, np.zeros((1, 3)))(ROWS + 1j, silent=True)
