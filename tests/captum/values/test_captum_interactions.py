"""The interactions that come with the attributions: whose they are, what they cost, and by which ids."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

import spex_plugins as spex
from spex_plugins import InputError, Interactions
from spex_plugins.captum import Spex, feature_ids

X = torch.tensor([[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 0.5, -1.0]], dtype=torch.float64)


def forward(x):
    return x[:, 0] * x[:, 1] + 5 * x[:, 2] * x[:, 3] + x[:, 1] + 7


def explained(function, x, **options):
    return Spex(function).attribute(x, return_interactions=True, **options)


def by_ids(found, index="Moebius", order=4):
    ids = feature_ids(found)
    return {tuple(ids[i] for i in term): v for term, v in found.index(index, order).as_dict().items()}


def test_every_example_has_its_own():
    attributions, found = explained(forward, X)
    torch.testing.assert_close(attributions, Spex(forward).attribute(X))
    assert len(found) == 2
    for x, one in zip(X.tolist(), found, strict=True):
        assert isinstance(one, Interactions)
        wanted = {(0, 1): x[0] * x[1], (2, 3): 5 * x[2] * x[3], (1,): x[1]}
        assert by_ids(one) == pytest.approx(wanted)
        assert (one.n_calls, one.budget) == (16, 16)
        assert one.r2 == pytest.approx(1)
        assert_allclose([one.empty_value, one.full_value], [7, forward(torch.tensor([x]))[0]])


def test_terms_are_named_by_the_ids_of_the_mask():
    mask = torch.tensor([[40, -3, 7, 7], [8, 8, 2, 3]])
    _, found = explained(forward, X, feature_mask=mask)
    assert [feature_ids(one) for one in found] == [(-3, 7, 40), (2, 3, 8)]
    assert by_ids(found[0]) == pytest.approx({(-3, 40): 2.0, (-3,): 2.0, (7,): 60.0})
    assert by_ids(found[1]) == pytest.approx({(8,): 3.0, (2, 3): -2.5})
    assert "feature 7" in found[0].index("SV").names
    assert found[0].n_calls == 8


def test_ids_survive_a_file(tmp_path):
    _, found = explained(forward, X, feature_mask=torch.tensor([[40, -3, 7, 7]]))
    found[0].save(tmp_path / "found.npz")
    assert feature_ids(Interactions.load(tmp_path / "found.npz")) == (-3, 7, 40)


def test_renamed_features_keep_their_ids():
    mask = torch.tensor([[40, -3, 7, 7]])
    _, found = explained(forward, X, feature_mask=mask)
    assert [feature_ids(one.renamed(["feature 1", "b", ""])) for one in found] == [(-3, 7, 40)] * 2


def test_only_explanations_of_feature_masks_have_ids():
    found = spex.explain(lambda masks: masks.sum(axis=1), 3, budget=8, feature_names=["feature 1", "2", "3"])
    with pytest.raises(InputError, match="no ids of a feature mask"):
        feature_ids(found)


def test_features_that_do_not_vary_are_there_without_effect():
    x = torch.tensor([[1.0, 0.0, 3.0, 4.0]])
    attributions, (found,) = explained(forward, x)
    assert feature_ids(found) == (0, 1, 2, 3)
    assert found.n_calls == 8
    assert by_ids(found) == pytest.approx({(2, 3): 60.0})
    torch.testing.assert_close(attributions, torch.tensor([[0.0, 0.0, 30.0, 30.0]]))


def test_an_example_equal_to_its_baseline_beside_another():
    x = torch.cat([X[:1], torch.zeros(2, 4, dtype=torch.float64)])
    attributions, found = explained(forward, x)
    assert not attributions[1:].any()
    assert (found[1].n, found[1].n_calls, len(found[1].index("SV"))) == (4, 1, 0)
    assert feature_ids(found[1]) == (0, 1, 2, 3)
    assert_allclose([found[1].empty_value, found[1].full_value], [7, 7])
    assert np.isnan(found[1].r2)
    torch.testing.assert_close(attributions[:1], Spex(forward).attribute(X[:1]))


def test_outputs_share_one_explanation():
    def outputs(x):
        return torch.stack([forward(x), x[:, 0] * x[:, 3], x.sum(1)], dim=1)

    attributions, found = explained(outputs, X)
    assert attributions.shape == (2, 3, 4)
    assert [one.output_shape for one in found] == [(3,), (3,)]
    assert by_ids(found[1].output(1)) == pytest.approx({(0, 3): -2.0})
    assert_allclose(found[0].index("SV").first_order(), attributions[0].T)


def test_outputs_with_more_axes_stand_row_after_row():
    factors = torch.arange(1.0, 7.0, dtype=torch.float64).reshape(2, 3)
    attributions, found = explained(lambda x: forward(x)[:, None, None] * factors, X)
    assert found[0].output_shape == (6,)
    for k in range(6):
        single = found[0].output(k).index("SV").first_order()
        assert_allclose(single, attributions[0, k // 3, k % 3], atol=1e-12)


def test_one_explanation_for_a_batch_with_one_value():
    attributions, found = explained(lambda x: forward(x).sum(), X)
    assert attributions.shape == (1, 4)
    assert len(found) == 1
    assert by_ids(found[0]) == pytest.approx({(0, 1): 4.0, (2, 3): 57.5, (1,): 3.0})


def test_a_feature_of_a_batch_may_vary_in_one_example_only():
    x = torch.tensor([[1.0, 0.0, 3.0, 0.0], [2.0, 1.0, 0.0, 0.0]])
    _, (found,) = explained(lambda x: (x[:, 0] * x[:, 1] + x[:, 2]).sum(), x)
    assert by_ids(found) == pytest.approx({(0, 1): 2.0, (2,): 3.0})
    assert found.n_calls == 8


@pytest.mark.slow
def test_interactions_beyond_pairs_at_a_partial_budget():
    x = torch.ones(2, 64, dtype=torch.float64)
    x[1] = 2

    def sparse(x):
        return x[:, 3] * x[:, 17] * x[:, 40] - 2 * x[:, 12] * x[:, 60] + x[:, 5]

    settings = {"n_samples": 2000, "perturbations_per_eval": 500, "estimator": "spex"}
    attributions, found = explained(sparse, x, **settings)
    for scale, one in zip((1, 2), found, strict=True):
        largest = {t: v for t, v in by_ids(one, order=3).items() if abs(v) > 1e-6}
        assert largest == pytest.approx({(3, 17, 40): scale**3, (12, 60): -2 * scale**2, (5,): scale})
        assert one.n_calls <= 2000
        assert one.r2 > 0.999
    torch.testing.assert_close(attributions.sum(dim=1), sparse(x), atol=1e-10, rtol=0)


def test_max_order_and_estimator_are_passed_on():
    from spex_plugins.estimators import Spex as Estimator

    class Counting(Estimator):
        name = "counting"
        fits = 0

        def fit(self, *args, **kwargs):
            self.fits += 1
            return super().fit(*args, **kwargs)

    method = Counting()
    _, found = explained(forward, X, max_order=1, estimator=method)
    assert method.fits == 2
    assert found[0].estimator == "counting"
    assert found[0].spectrum.max_order == 1


def test_what_it_says_of_itself():
    first, second = repr(Spex(torch.nn.Linear(3, 1))).splitlines()
    assert first == "Spex(Linear)"
    assert second.startswith("  fits by default Gaussian processes")
    assert "complementary masks that repel each other; R² is" in second


@pytest.mark.parametrize("given", [5, None])
def test_ids_are_those_of_interactions(given):
    with pytest.raises(InputError, match=r"^interactions: .*Spex\.attribute"):
        feature_ids(given)
