"""Forward functions that give another answer every time are refused, wherever the randomness sits."""

from __future__ import annotations

import functools
import random

import numpy as np
import pytest
import tiny_llms
import torch
from captum.attr import TextTemplateInput
from torch import nn

from spex_plugins import InputError
from spex_plugins.captum import Spex, SpexLLMAttribution

X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
DROPPING = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))


class Holder:
    def __init__(self, model):
        self.model = model

    def score(self, x):
        return self.model(x)

    __call__ = score


def _decorated(function):
    @functools.wraps(function)
    def inner(*inputs):
        return function(*inputs)

    return inner


def _reads_a_global(x):
    return DROPPING(x)[:, 0]


WAYS = {
    "model": lambda model: model,
    "lambda": lambda model: lambda x: model(x)[:, 0],
    "default": lambda model: lambda x, model=model: model(x)[:, 0],
    "global": lambda model: _reads_a_global,
    "bound method": lambda model: Holder(model).score,
    "object": Holder,
    "method of a closure": lambda model: functools.partial(lambda holder, x: holder.score(x), Holder(model)),
    "partial": lambda model: functools.partial(lambda model, x: model(x), model),
    "decorated": lambda model: _decorated(lambda x: model(x)),
    "ensemble": lambda model: lambda x, models=(model, model): sum(one(x) for one in models),
    "parallel": nn.DataParallel,
}


@pytest.mark.parametrize("way", WAYS)
def test_modules_in_training_mode_are_found_before_any_call(way):
    calls = []
    handle = DROPPING.register_forward_hook(lambda *_: calls.append(1))
    forward = WAYS[way](DROPPING)
    try:
        DROPPING.train()
        with pytest.raises(InputError, match=r"\(Dropout\) is in training mode.*model.eval\(\)"):
            Spex(forward).attribute(X)
        assert not calls
        DROPPING.eval()
        assert Spex(forward).attribute(X).shape == (2, 3)
    finally:
        handle.remove()
        DROPPING.train()


MODULES = {
    "BatchNorm1d": nn.BatchNorm1d(3),
    "InstanceNorm1d": nn.InstanceNorm1d(3, track_running_stats=True),
    "RReLU": nn.RReLU(),
    "AlphaDropout": nn.AlphaDropout(0.1),
    "LSTM": nn.LSTM(3, 2, num_layers=2, dropout=0.2),
    "MultiheadAttention": nn.MultiheadAttention(4, 2, dropout=0.1),
}


@pytest.mark.parametrize("kind", MODULES)
def test_modules_whose_training_mode_counts(kind):
    model = nn.ModuleDict({"part": MODULES[kind].train()})
    with pytest.raises(InputError, match=rf"module 'part' \({kind}\) is in training mode"):
        Spex(lambda x: model and x.sum(dim=1)).attribute(X)


def test_modules_whose_training_mode_does_not_count():
    same = [
        nn.Linear(3, 3),
        nn.Dropout(0.0),
        nn.LayerNorm(3),
        nn.LSTM(3, 3, dropout=0.0),
        nn.InstanceNorm1d(3),
    ]
    assert all(module.training for module in same)
    model = nn.Sequential(same[0], same[1], same[2])
    found = Spex(lambda x: model(x).sum(dim=1) + 0 * len(same)).attribute(X)
    torch.testing.assert_close(
        found.sum(dim=1), (model(X) - model(0 * X)).sum(dim=1).detach(), atol=1e-5, rtol=0
    )


def _legacy():
    return float(np.random.rand())  # noqa: NPY002


DRAWS = {
    "functional dropout": lambda x: nn.functional.dropout(x, 0.5, training=True).sum(dim=1),
    "torch": lambda x: x.sum(dim=1) + torch.randn(len(x)),
    "numpy": lambda x: x.sum(dim=1) + _legacy(),
    "python": lambda x: x.sum(dim=1) + random.random(),
}


@pytest.mark.parametrize("at_once", [1, 5])
@pytest.mark.parametrize("draw", DRAWS)
def test_random_numbers_are_noticed(draw, at_once):
    calls = []

    def forward(x):
        calls.append(len(x))
        return DRAWS[draw](x)

    with pytest.raises(InputError, match="forward_func: draws random numbers: two calls at the same inputs"):
        Spex(forward).attribute(X, perturbations_per_eval=at_once)
    assert sum(calls) == 8  # inputs and baselines, and both again


def _seeded(x):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return x.prod(dim=1) * torch.rand(1)


def _reseeded(x):
    torch.manual_seed(3)
    return x.prod(dim=1) * torch.rand(1)


def _ignored(x):
    torch.rand(1)
    return x.prod(dim=1)


@pytest.mark.parametrize("at_once", [1, 5])
@pytest.mark.parametrize("forward", [_seeded, _reseeded, _ignored])
def test_random_numbers_that_are_the_same_every_time(forward, at_once):
    found = Spex(forward).attribute(X, perturbations_per_eval=at_once)
    torch.testing.assert_close(found, (forward(X) / 3)[:, None].expand(2, 3))


def test_language_models_in_training_mode():
    tokenizer = tiny_llms.make_tokenizer()
    torch.manual_seed(0)
    model = tiny_llms.gpt2(len(tokenizer)).train()
    prompt = TextTemplateInput("{} {} {} but", ["never", "fails", "to"])
    for target in ("on", None):
        with pytest.raises(InputError, match="is in training mode"):
            SpexLLMAttribution(Spex(model), tokenizer).attribute(prompt, target)
    model.eval()
    wrapped = nn.Sequential(model).train(False)
    wrapped.training = True  # as of a wrapper that was made around a model in evaluation mode
    assert SpexLLMAttribution(Spex(model), tokenizer).attribute(prompt, "on").seq_attr.shape == (3,)
