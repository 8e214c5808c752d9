"""Games as forward functions of Captum, and a store under `Spex`."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_llms
import torch
from captum.attr import KernelShap, ShapleyValues, TextTemplateInput
from games import SmallGame
from numpy.testing import assert_allclose

import spex_plugins as spex
from spex_plugins import InputError, Queries
from spex_plugins.captum import Spex, SpexLLMAttribution, game_forward

ONES = torch.ones(1, SmallGame.n)


@pytest.mark.parametrize("outputs", [None, 3])
def test_the_same_values_everywhere(outputs):
    game = SmallGame(outputs)
    whole = spex.explain(game, budget=32, progress=False)
    expected = whole.single_values("SV").values
    values, (found,) = Spex(game_forward(game)).attribute(
        ONES, perturbations_per_eval=8, return_interactions=True
    )
    assert_allclose(values[0].numpy().T, expected, atol=1e-8)
    assert values.dtype == torch.float64
    found = found.renamed(game.feature_names)
    assert found.index("FSII", order=3).names == whole.index("FSII", order=3).names
    for k in range(outputs or 1):
        target = None if outputs is None else k
        exact = ShapleyValues(game_forward(game)).attribute(ONES, baselines=0, target=target)
        assert_allclose(exact[0].numpy(), expected if outputs is None else expected[:, k], atol=1e-5)


@pytest.mark.slow
def test_kernel_shap_takes_it():
    game = SmallGame()
    torch.manual_seed(0)
    values = KernelShap(game_forward(game)).attribute(ONES, baselines=0, n_samples=2000)
    expected = spex.explain(game, budget=32, progress=False).single_values("SV").values
    assert_allclose(values[0].numpy(), expected, atol=0.05)


def test_what_is_no_game():
    with pytest.raises(InputError, match="game: must be callable"):
        game_forward(3)
    with pytest.raises(InputError, match="n: give the number of features"):
        game_forward(lambda masks: masks[:, 0])


X = torch.arange(1.0, 11.0, dtype=torch.float64).reshape(2, 5)


class Counted:
    """A forward function of two outputs that counts its examples."""

    def __init__(self):
        self.examples = 0

    def __call__(self, x, scale=1.0):
        self.examples += len(x)
        return torch.stack([scale * x[:, 0] * x[:, 1] + x[:, 2], x[:, 3] * x[:, 4]], dim=1)


def run(path, forward=None, fingerprint="model 1", inputs=X, **options):
    forward = forward or Counted()
    how = Queries(store=path, fingerprint=fingerprint)
    values, found = Spex(forward).attribute(
        inputs, perturbations_per_eval=8, return_interactions=True, queries=how, **options
    )
    return values, found, forward.examples


def test_a_second_run_asks_for_the_ends_only(tmp_path):
    plain = Spex(Counted()).attribute(X)
    first, _, asked = run(tmp_path / "s.sqlite")
    second, found, again = run(tmp_path / "s.sqlite")
    assert (asked, again) == (2 * 32, 2 * 2)
    torch.testing.assert_close(first, plain)
    torch.testing.assert_close(second, plain)
    assert [(one.n_calls, one.n_stored) for one in found] == [(0, 32)] * 2


def test_a_larger_run_asks_what_is_missing(tmp_path):
    _, _, before = run(tmp_path / "s.sqlite", n_samples=20)
    values, found, asked = run(tmp_path / "s.sqlite")
    assert found[0].n_stored > 5
    assert asked == 2 * (32 - found[0].n_stored) + 2 * 2
    assert before == 2 * 20
    torch.testing.assert_close(values, Spex(Counted()).attribute(X))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"inputs": X + 1}),
        ({}, {"baselines": 0.5}),
        ({}, {"target": 1}),
        ({"target": 0}, {"target": 1}),
        ({"target": 0}, {"target": torch.tensor([0, 1])}),
        ({}, {"additional_forward_args": 2.0}),
        ({}, {"additional_forward_args": torch.tensor(2.0)}),
        (
            {"feature_mask": torch.tensor([[0, 1, 2, 3, 3]])},
            {"feature_mask": torch.tensor([[0, 1, 2, 2, 3]])},
        ),
        ({}, {"fingerprint": "model 2"}),
    ],
)
def test_other_questions_are_asked_anew(tmp_path, before, after):
    run(tmp_path / "s.sqlite", **before)
    values, found, _ = run(tmp_path / "s.sqlite", **after)
    alone, _, _ = run(tmp_path / "alone.sqlite", **after)
    torch.testing.assert_close(values, alone)
    assert all(one.n_stored == 0 for one in found)


def test_a_game_names_itself(tmp_path):
    def explained(game):
        how = Queries(store=tmp_path / "s.sqlite")
        return Spex(game_forward(game)).attribute(ONES, perturbations_per_eval=8, queries=how)

    first, second, other = SmallGame(), SmallGame(), SmallGame(fingerprint="small game 2")
    torch.testing.assert_close(explained(second), explained(first), rtol=0, atol=0)
    explained(other)
    assert sorted([first.calls, second.calls]) == [2, 32]
    assert other.calls == 32


def test_what_cannot_be_used_here_is_refused(tmp_path):
    def forward(x):
        raise AssertionError("asked")

    def refused(told, **options):
        with pytest.raises(InputError, match=told):
            Spex(forward).attribute(X, queries=Queries(**options))

    refused("fingerprint: a store needs a text", store=tmp_path / "s.sqlite")
    refused("queries: batch_size is not supported here", batch_size=3)
    refused("queries: timeout is not supported here", timeout=3)
    with pytest.raises(InputError, match="additional_forward_args: a dict has no fingerprint"):
        Spex(lambda x, y: x[:, 0]).attribute(
            X,
            additional_forward_args={},
            queries=Queries(store=tmp_path / "s.sqlite", fingerprint="model 1"),
        )


@pytest.mark.parametrize("attr_target", ["log_prob", "prob"])
def test_prompts(tmp_path, attr_target):
    tokenizer = tiny_llms.make_tokenizer()
    torch.manual_seed(0)
    model = tiny_llms.gpt2(len(tokenizer)).eval()
    how = Queries(store=tmp_path / "s.sqlite", fingerprint="gpt2 of the tests")

    def explained(words, target=tiny_llms.TARGET, kind=attr_target, **options):
        inp = TextTemplateInput("the {} {} {} to charm", words, **options)
        method = SpexLLMAttribution(Spex(model), tokenizer, kind)
        return method.attribute(inp, target, queries=how)

    words = ["cast", "never", "fails"]
    first, again = explained(words), explained(words)
    torch.testing.assert_close(again.seq_attr, first.seq_attr, rtol=0, atol=0)
    assert (first.interactions.n_stored, again.interactions.n_stored) == (0, 8)
    others = [
        explained(["plot", "never", "fails"]),
        explained(words, baselines=["plot", "and", "drags"]),
        explained(words, target="never drags and"),
        explained(words, kind="prob" if attr_target == "log_prob" else "log_prob"),
    ]
    assert [one.interactions.n_stored for one in others] == [0] * 4
    plain = SpexLLMAttribution(Spex(model), tokenizer, attr_target).attribute(
        TextTemplateInput("the {} {} {} to charm", words), tiny_llms.TARGET
    )
    np.testing.assert_allclose(again.seq_attr, plain.seq_attr, atol=1e-6)
