"""The Captum benchmark keeps answers between runs, charges for every one, and judges as Captum does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("captum")
pytest.importorskip("sklearn")
pytest.importorskip("transformers")

WEIGHTS = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
MASKS = np.random.default_rng(0).random((40, 5)) < 0.5


class Sums:
    """A game that counts; not additive."""

    n, fingerprint = 5, "0123456789abcdef0123"

    def __init__(self):
        self.asked = []

    def work(self, masks):
        return masks.sum(axis=1)

    def __call__(self, masks):
        self.asked.extend(masks.tobytes()[i : i + 5] for i in range(0, masks.size, 5))
        return masks @ WEIGHTS + 2.0 * (masks[:, 0] & masks[:, 4])


def test_answers_are_kept_and_each_is_charged(tmp_path):
    from library.games.stored_answers import StoredAnswers

    game = Sums()
    text = StoredAnswers(game, tmp_path)
    truth = Sums()(MASKS)
    assert np.array_equal(text(MASKS), truth)
    assert np.array_equal(text(MASKS[:7]), truth[:7])
    assert len(game.asked) == len(set(game.asked)) == len(np.unique(MASKS, axis=0)) < text.calls == 47
    again = Sums()
    resumed = StoredAnswers(again, tmp_path)
    assert np.array_equal(resumed.values(MASKS), truth)
    assert (len(again.asked), resumed.calls) == (0, 0)


def test_infidelity_is_that_of_captum(tmp_path):
    from captum.metrics import infidelity

    from faithfulness.captum_faithfulness import judged
    from library.games.stored_answers import StoredAnswers
    from library.methods.captum_methods import additive

    game, guess = Sums(), np.array([2.0, -1.0, 0.5, 0.3, 4.0])
    masks = {"uniform": MASKS, "sizes": MASKS[:20]}
    found = judged(additive(guess), StoredAnswers(game, tmp_path), masks)
    kept = torch.from_numpy(MASKS).double()
    theirs = infidelity(
        lambda x: torch.from_numpy(game(x.numpy() > 0.5)),
        lambda x: (1 - kept, kept),
        torch.ones(1, 5, dtype=torch.float64),
        torch.from_numpy(guess)[None],
        n_perturb_samples=len(MASKS),
        max_examples_per_batch=len(MASKS),
    )
    truth = game(MASKS)
    assert found["infidelity_uniform"] == pytest.approx(float(theirs[0]) / truth.var())
    assert found["r2_uniform"] == pytest.approx(1 - np.var(truth - MASKS @ guess) / truth.var())
    assert found["masks_uniform"] == 40


def test_masks_that_a_method_has_seen_do_not_judge(tmp_path):
    from faithfulness.captum_faithfulness import judged
    from library.games.stored_answers import StoredAnswers
    from library.methods.captum_methods import additive

    text = StoredAnswers(Sums(), tmp_path)
    text(MASKS[:1])
    unseen = (MASKS[0] != MASKS).any(axis=1).sum()
    found = judged(additive(WEIGHTS), text, {"uniform": MASKS, "sizes": MASKS})
    assert found["masks_uniform"] == unseen < 40


@pytest.mark.parametrize("method", ["FeatureAblation", "Lime", "KernelShap", "ShapleyValueSampling", "Spex"])
def test_every_method_explains_within_its_budget(method, tmp_path):
    from library.games.stored_answers import StoredAnswers
    from library.methods.captum_methods import CaptumGame

    text = StoredAnswers(Sums(), tmp_path)
    readings = CaptumGame(text).explain(method, 26, seed=0)
    assert 6 <= text.calls <= 26
    assert (method == "Spex") == (f"{method}, with interactions" in readings)
    drop = readings[method](np.ones((1, 5), dtype=bool)) - readings[method](np.zeros((1, 5), dtype=bool))
    if method in ("KernelShap", "ShapleyValueSampling", "Spex"):
        assert drop == pytest.approx(4.5, abs=1e-3)  # f(x) − f(baselines)
