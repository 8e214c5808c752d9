"""Tables, graphs, SHAP's explanations and JSON say what the index table says."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_explanations import explained

from spex_plugins import InputError, Interactions


@pytest.mark.parametrize("outputs", [None, 2])
def test_a_frame_has_the_rows_of_the_table(outputs):
    pytest.importorskip("pandas")
    found = explained(outputs=outputs)
    frame, table = found.to_frame("STII", 3), found.index("STII", 3)
    assert frame["features"].tolist() == table.terms
    columns = ["value"] if outputs is None else ["value_0", "value_1"]
    np.testing.assert_array_equal(frame[columns].to_numpy().reshape(table.values.shape), table.values)


def test_a_graph_has_features_pairs_and_larger_sets():
    pytest.importorskip("networkx")
    found = explained(6)
    graph, table = found.to_networkx("FSII", 3), found.index("FSII", 3).as_dict()
    assert {i for i, kind in graph.nodes("kind") if kind == "feature"} == set(range(6))
    assert graph.nodes[0]["label"] == "not₁"
    for term, value in table.items():
        if len(term) == 1:
            assert graph.nodes[term[0]]["value"] == value
        elif len(term) == 2:
            assert graph.edges[term]["value"] == value
            assert graph.edges[term]["weight"] == abs(value)
        else:
            assert graph.nodes[term] == {"kind": "set", "label": graph.nodes[term]["label"], "value": value}
            assert set(graph[term]) == set(term)
    sets = sum(len(term) > 1 for term in table)
    members = sum(len(term) for term in table if len(term) > 2)
    assert graph.number_of_edges() == sets - sum(len(term) > 2 for term in table) + members
    with pytest.raises(InputError, match=r"output\(0\)\.to_networkx"):
        explained(outputs=2).to_networkx()


@pytest.mark.parametrize("outputs", [None, 2])
@pytest.mark.parametrize(
    ("index", "order"), [("SV", None), ("BV", None), ("FSII", 2), ("FSII", 3), ("BII", 3)]
)
def test_entries_of_an_explanation_add_up_to_the_prediction(index, order, outputs):
    shap = pytest.importorskip("shap")
    found = explained(outputs=outputs)
    flat = found.to_explanation(index, order)
    assert type(flat) is shap.Explanation
    empty, full = found.predict(np.array([[False] * 6, [True] * 6]))
    np.testing.assert_allclose(flat.base_values, empty, atol=1e-12)
    np.testing.assert_allclose(flat.base_values + flat.values.sum(axis=0), full, atol=1e-12)
    table = found.index(index, order)
    rest = flat.feature_names[-1] == "all other terms"
    assert rest == (index in ("BV", "BII"))
    values = flat.values[:-1] if rest else flat.values
    np.testing.assert_allclose(values, table.first_order() if table.order == 1 else table.values, atol=1e-12)


def test_the_largest_entries_and_the_rest():
    pytest.importorskip("shap")
    found = explained()
    flat, table = found.to_explanation("FSII", 3, top=4), found.index("FSII", 3)
    assert flat.feature_names == [*table.names[:4], "all other terms"]
    assert flat.values[-1] == pytest.approx(table.values[4:].sum())
    with pytest.raises(InputError, match="top: must be an integer ≥ 0, got -1"):
        found.to_explanation(top=-1)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["auto", "shapley", "gaussian_process", "sparse_regression", "spex"])
@pytest.mark.parametrize("outputs", [None, 2])
def test_json_loses_nothing(estimator, outputs, tmp_path):
    found = explained(9, outputs, budget=120, estimator=estimator)
    again = Interactions.from_json(found.to_json())
    masks = np.random.default_rng(0).random((40, 9)) < 0.5
    np.testing.assert_array_equal(again.predict(masks), found.predict(masks))
    table = found.index("SII", 2)
    np.testing.assert_array_equal(again.index("SII", 2).values, table.values)
    np.testing.assert_array_equal(again.deviations(table), found.deviations(table))
    assert repr(again) == repr(found)
    assert again.to_json() == found.to_json()
    json.loads(found.to_json(), parse_constant=pytest.fail)  # NaN is no JSON


def test_other_texts_are_refused():
    found = explained(3)
    for text in ("", "[]", "{}", '{"format": 5}', '{"arrays": {}}', "not JSON"):
        with pytest.raises(InputError, match="text: expected what to_json returns"):
            Interactions.from_json(text)
    newer = json.dumps(json.loads(found.to_json()) | {"format": 99})
    with pytest.raises(InputError, match="newer version"):
        Interactions.from_json(newer)
