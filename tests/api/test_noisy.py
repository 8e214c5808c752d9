"""Functions whose answers differ from call to call."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from oracles import all_masks

import spex_plugins as spex
from spex_plugins import InputError, explain_noisy
from spex_plugins.__main__ import main
from spex_plugins.result.assembly.noise import noise_of_repeats


def signal(masks):
    return 2.0 * (masks[:, 0] & masks[:, 1]) - 1.0 * masks[:, 2] + 0.5 * masks[:, 3]


class Noisy:
    """A function whose noise is that of the mask and of the number of the repeat: the same in every run."""

    n, fingerprint = 16, "noisy 1"

    def __init__(self, deviation, seed=0):
        self.deviation, self.seed, self.asked = deviation, seed, Counter()

    def sample(self, masks, repeats):
        rows = [
            bytes(row) + bytes([repeat])
            for row, repeat in zip(np.packbits(masks, axis=1), repeats, strict=True)
        ]
        self.asked.update(rows)
        noise = [np.random.default_rng([self.seed, *row]).normal() for row in rows]
        return signal(masks) + self.deviation * np.array(noise)

    def __call__(self, masks):
        raise AssertionError("repeats have numbers")


def truth_r2(found, n=16):
    masks = np.random.default_rng(99).random((4000, n)) < 0.5
    wrong = signal(masks) - found.interactions.predict(masks)
    return 1 - (wrong**2).mean() / signal(masks).var()


def test_noise_of_repeats_is_the_pooled_variance():
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(500), 3)
    values = rng.normal(size=500)[rows, None] + 0.7 * rng.normal(size=(1500, 1))
    noise = noise_of_repeats(rows, values, np.arange(500))
    by_hand = values.reshape(500, 3).var(axis=1, ddof=1).mean()
    np.testing.assert_allclose(noise.variance, by_hand)
    assert abs(noise.deviation[0] - 0.7) < 3 * noise.error[0] < 0.1


def test_the_error_of_the_noise_is_that_of_repetitions():
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(60, 1)) * np.repeat([1.0, 2.0], 30)[:, None]  # the noise differs by mask
        found.append(noise_of_repeats(np.arange(60) // 2, values, np.arange(30)))
    spread = np.std([one.variance[0] for one in found])
    assert np.mean([one.variance_error[0] for one in found]) == pytest.approx(spread, rel=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("deviation", [0.3, 1.0])
def test_r2_is_that_against_the_function_without_noise(deviation):
    stated, true, raw = [], [], []
    for seed in range(4):
        found = explain_noisy(Noisy(deviation, seed), budget=400, progress=False)
        stated.append(float(found.interactions.r2))
        true.append(truth_r2(found))
        raw.append(float(found.answers_r2))
        assert abs(stated[-1] - true[-1]) < 3 * float(found.interactions.r2_error)
    missed = [abs(np.mean(one) - np.mean(true)) for one in (stated, raw)]
    assert missed[0] < 0.6 * missed[1]  # folds are fitted to fewer masks
    assert np.mean(raw) < np.mean(stated) < np.mean(true) + 0.02
    assert "without noise" in found.interactions.r2_source


def test_every_repeat_is_asked_once_within_the_budget():
    game = Noisy(1.0)
    found = explain_noisy(game, budget=300, progress=False)
    assert sum(game.asked.values()) == found.interactions.n_calls == 300
    assert set(game.asked.values()) == {1}
    assert found.n_repeats == 30
    assert float(found.noise) == pytest.approx(1.0, abs=4 * float(found.noise_error))
    assert "repeats" in repr(found)


def test_when_all_masks_are_known_the_rest_repeats_them():
    game = Noisy(1.0)
    game.n = 5
    found = explain_noisy(game, budget=500, progress=False)
    assert len({row[:-1] for row in game.asked}) == 32
    assert found.n_repeats == 468
    masks = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(bool)
    wrong = signal(masks) - found.interactions.predict(masks)
    assert 1 - (wrong**2).mean() / signal(masks).var() > 0.9
    assert not found.interactions.exact


@pytest.mark.parametrize("estimator", ["auto", "averaging"])
def test_deviations_tell_of_the_noise_where_all_masks_are_known(estimator):
    masks, n = all_masks(6), 6
    weights = np.random.default_rng(1).normal(size=(2, n))
    truth = np.tanh(masks @ weights.T).sum(axis=1)
    right = (
        spex.explain(lambda m: np.tanh(m @ weights.T).sum(axis=1), n, budget=64).single_values("SV").values
    )
    off = []
    for seed in range(8):
        rng = np.random.default_rng(seed)

        def noisy(m, rng=rng):
            return np.tanh(m @ weights.T).sum(axis=1) + 0.1 * truth.std() * rng.normal(size=len(m))

        found = spex.explain_noisy(noisy, n, budget=200, estimator=estimator, index="SV", seed=seed)
        values, deviations = (
            getattr(found.interactions.single_values("SV"), name) for name in ("values", "deviations")
        )
        off.append((values - right) / deviations)
    assert 0.6 < np.sqrt(np.mean(np.square(off))) < 1.6


def test_a_process_does_not_reproduce_the_noise_of_values():
    n = 8
    weights, masks = np.random.default_rng(1).normal(size=(3, n)), all_masks(n)
    truth = np.tanh(masks @ weights.T).sum(axis=1)
    missed, noise = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)

        def noisy(m, rng=rng):
            return np.tanh(m @ weights.T).sum(axis=1) + truth.std() * rng.normal(size=len(m))

        found = spex.explain_noisy(noisy, n, budget=2**n + 24, estimator="shapley", seed=seed)
        missed.append(((found.interactions.predict(masks) - truth) ** 2).mean())
        noise.append(found.noise**2)
    assert np.mean(missed) < 0.8 * np.mean(noise)  # 0.95 of it: the means of all masks


def test_without_noise_the_result_is_that_of_explain():
    def f(masks):
        return signal(masks)

    found = explain_noisy(f, 6, budget=100, progress=False)
    assert found.interactions.exact
    assert float(found.noise) == 0.0
    plain = spex.explain(f, 6, budget=64, progress=False)
    assert found.interactions.index("FSII").as_dict() == pytest.approx(plain.index("FSII").as_dict())
    assert float(found.interactions.full_value) == 1.5


def test_several_outputs():
    game = Noisy(0.5)

    def f(masks):
        game.seed += 1
        one = game.sample(masks, np.zeros(len(masks), dtype=int))
        return np.stack([one, masks[:, 3] * 1.0], axis=1)

    found = explain_noisy(f, 16, budget=200, progress=False)
    assert found.noise.shape == (2,)
    assert found.noise[0] > 0.2
    assert found.noise[1] == 0.0
    assert found.interactions.r2[1] == pytest.approx(1.0, abs=0.01)


def test_the_estimator_is_told_the_index():
    settings = {"budget": 300, "progress": False}
    told = explain_noisy(Noisy(0.3), estimator="auto", index="SV", **settings).interactions
    by_name = explain_noisy(Noisy(0.3), estimator="shapley", **settings).interactions
    assert "weighted as masks of all sizes" in told.r2_source
    assert told.index("SV").as_dict() == by_name.index("SV").as_dict()
    uniform = explain_noisy(Noisy(0.3), estimator="auto", **settings).interactions
    assert "all sizes" not in uniform.r2_source


@pytest.mark.slow
def test_uniform_masks_give_shapley_values_with_smaller_errors_in_noise():
    truth = np.zeros(16)
    truth[:4] = 1.0, 1.0, -1.0, 0.5  # of `signal`
    wrong = {"averaging": [], "auto": []}
    for seed in range(6):
        for estimator, errors in wrong.items():
            game, settings = Noisy(1.0, seed), {"estimator": estimator, "index": "SV", "progress": False}
            found = explain_noisy(game, budget=300, **settings).interactions
            errors.append(((found.single_values("SV").values - truth) ** 2).sum())
    assert np.mean(wrong["averaging"]) < 0.5 * np.mean(wrong["auto"])


def test_a_store_keeps_repeats(tmp_path):
    first, second = Noisy(1.0), Noisy(1.0)
    one, other = (
        explain_noisy(game, budget=120, store=tmp_path / "run.sqlite", progress=False)
        for game in (first, second)
    )
    assert not second.asked
    assert other.interactions.n_stored == 120
    assert one.interactions.index("FBII").as_dict() == other.interactions.index("FBII").as_dict()
    spex.explain(
        signal_game(), budget=8, store=tmp_path / "run.sqlite", fingerprint="noisy 1", progress=False
    )


def test_the_export_of_a_store_has_the_features_alone(tmp_path, capsys):
    store, out = str(tmp_path / "run.sqlite"), str(tmp_path / "out.npz")
    settings = {"budget": 120, "estimator": "spex", "progress": False}
    found = explain_noisy(Noisy(1.0), store=store, **settings)
    assert main(["store", "info", store]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"features +16\n", shown)
    assert "120, with repeats of the same masks" in shown
    assert main(["store", "export", store, out]) == 0
    assert f"120 answers, {found.n_repeats} of which repeat a mask, written" in capsys.readouterr().out
    with np.load(out) as data:
        masks, values = data["masks"], data["values"]
    assert masks.shape == (120, 16)
    fitted = spex.fit(masks, values, estimator="spex")
    assert (fitted.n, fitted.n_calls) == (16, 120 - found.n_repeats)
    assert float(fitted.full_value) == pytest.approx(values[masks.all(axis=1)].mean())
    recording = spex.Recording.from_store(store)
    assert (recording.n, len(recording)) == (16, 120 - found.n_repeats)
    assert recording(np.ones((1, 16), dtype=bool))[0] == pytest.approx(float(fitted.full_value))
    game = Noisy(1.0)
    game.n = 17
    with pytest.raises(InputError, match="a function of 16 features, not 17"):
        explain_noisy(game, store=store, **settings)
    assert not game.asked


def signal_game():
    def f(masks):
        return masks[:, 0] * 1.0

    f.n = 3
    return f


def test_masks_of_an_error_have_no_numbers():
    def f(masks):
        if f.count > 40:
            raise ValueError("no")
        f.count += len(masks)
        return signal(masks)

    f.count = 0
    with pytest.raises(spex.ValueFunctionError) as raised:
        explain_noisy(f, 8, budget=100, progress=False)
    assert raised.value.masks.shape[1] == 8
    assert raised.value.failed_masks.shape[1] == 8
    assert len(raised.value.masks) >= 40


@pytest.mark.parametrize(("changes", "name"), [({"budget": 20}, "budget"), ({"index": "shapley"}, "index")])
def test_unusable_arguments(changes, name):
    with pytest.raises(InputError, match=rf"^{name}"):
        explain_noisy(signal, 8, **{"budget": 100} | changes)


def test_a_recording_has_no_noise():
    class Model:
        n = 4

        def __call__(self, masks):
            return signal(masks)

    with pytest.raises(InputError, match=r"^value_function: a recording has no noise"):
        explain_noisy(spex.Recording.record(Model(), progress=False), budget=100)
