"""InterpretML finds the explainer by its entry point, and shows interactions among the bars."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("interpret")

from spex_plugins import InputError
from spex_plugins.clients.interpret import Spex


def test_the_entry_point_is_loaded():
    from interpret.ext.blackbox import Spex as Found

    assert Found is Spex


@pytest.mark.parametrize("with_names", [True, False])
def test_bars_add_up_to_the_prediction(table, regressor, with_names):
    X, y = table
    rows, background = (X[:3], X[:20]) if with_names else (X[:3].to_numpy(), X[:20].to_numpy())
    local = Spex(regressor, background, top=8).explain_local(rows, y[:3])
    assert len(local.selector) == 3
    for i, expected in enumerate(regressor.predict(X[:3])):
        bars = local.data(i)
        total = sum(bars["scores"]) + bars["extra"]["scores"][0]
        assert total == pytest.approx(expected, abs=1e-9)
        assert len(bars["names"]) == len(bars["scores"]) == len(bars["values"]) == 9
        single = [(name, value) for name, value in zip(bars["names"], bars["values"], strict=True) if value]
        if with_names:
            assert all(X.iloc[i][name] == value for name, value in single)
    assert any("×" in name for name in bars["names"])
    assert local.visualize(0) is not None


def test_one_of_several_classes_is_chosen(table, classifier):
    X, _ = table
    bars = Spex(classifier, X[:20]).explain_local(X[:1]).data(0)
    total = sum(bars["scores"]) + bars["extra"]["scores"][0]
    assert total == pytest.approx(classifier.predict_proba(X[:1])[0, 1], abs=1e-9)

    def three(rows):
        return np.column_stack([classifier.predict_proba(rows), np.zeros(len(rows))])

    with pytest.raises(InputError, match="target: the model has 3 outputs"):
        Spex(three, X[:20]).explain_local(X[:1])
    chosen = Spex(three, X[:20], target=0).explain_local(X[:1]).data(0)
    assert sum(chosen["scores"]) + chosen["extra"]["scores"][0] == pytest.approx(1 - total, abs=1e-9)


def test_bars_have_the_data_of_columns_with_long_and_equal_names():
    rows, names = np.array([[1.0, 2.0, 4.0]]), ["a", "a", "a name of a column that is not short at all"]
    explainer = Spex(lambda table: table @ [1.0, 10.0, 100.0], np.zeros((1, 3)), feature_names=names)
    bars = explainer.explain_local(rows).data(0)
    shown = dict(zip(bars["scores"][:3], bars["values"][:3], strict=True))
    assert shown == pytest.approx({400.0: 4.0, 20.0: 2.0, 1.0: 1.0})
