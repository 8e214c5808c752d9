"""`explain`: arguments that are refused before any call."""

from __future__ import annotations

import numpy as np
import pytest
from runs import asked, linear, same

from spex_plugins import InputError, Queries, SpexError, explain
from spex_plugins.estimators import Spex


def never(masks):
    raise AssertionError("no call may be made")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"n": 0}, "n: must be an integer ≥ 1"),
        ({"n": -3}, "n: "),
        ({"n": 2.0}, "n: "),
        ({"n": "5"}, "n: "),
        ({"n": True}, "n: "),
        ({"n": None}, "n: "),
        ({"budget": 1}, "budget: must be an integer ≥ 2"),
        ({"budget": 0}, "budget: "),
        ({"budget": -5}, "budget: "),
        ({"budget": 1e3}, "budget: "),
        ({"budget": np.nan}, "budget: "),
        ({"max_order": 0}, "max_order: "),
        ({"max_order": 1.5}, "max_order: "),
        ({"batch_size": 0}, "batch_size: "),
        ({"batch_size": -1}, "batch_size: "),
        ({"batch_size": 2.5}, "batch_size: "),
        ({"batch_size": True}, "batch_size: "),
        ({"seed": -1}, "seed: "),
        ({"seed": "abc"}, "seed: "),
        ({"estimator": "magic"}, "estimator: 'magic' is unknown; choose one of"),
        ({"estimator": 3}, "subclass of spex_plugins.estimators.Estimator, got 3"),
        ({"estimator": Spex}, "subclass of spex_plugins.estimators.Estimator, got <class"),
        ({"feature_names": ["a"]}, "feature_names: expected a sequence of 5 names"),
        ({"feature_names": "abcde"}, "feature_names: "),
        ({"feature_names": 5}, "feature_names: "),
        ({"feature_names": set("abcde")}, "feature_names: "),  # in no order
        ({"feature_names": dict.fromkeys("abcde")}, "feature_names: "),
        ({"feature_names": b"abcde"}, "feature_names: "),
        ({"feature_names": np.array([list("abcde")]).T}, "feature_names: "),
        ({"n": 8193}, "n: 8,193 features are too many"),
        ({"n": 8192, "budget": 2**19}, "budget: 524,288 masks of 8,192 features need more than 2 GiB"),
    ],
)
def test_unusable_arguments_are_refused_before_any_call(options, text):
    arguments = {"n": 5, "budget": 20, "progress": False} | options
    with pytest.raises(InputError) as caught:
        explain(never, arguments.pop("n"), **arguments)
    assert text in str(caught.value)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, SpexError)


def test_a_budget_beyond_all_masks_is_that_of_all_masks():
    assert asked(linear, 6, 10**12).n_calls == 64
    assert asked(linear, 6, 10**12, target_r2=0.9).n_calls == 64


@pytest.mark.parametrize("function", [None, 3, "f", np.zeros(4)])
def test_what_cannot_be_called_is_refused(function):
    with pytest.raises(InputError, match="value_function: must be callable"):
        asked(function, 4, 16)


def test_numpy_integers_are_integers():
    same(asked(linear, np.int64(6), np.int32(40), max_order=np.uint8(2)), asked(linear, 6, 40, max_order=2))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"max_evals": 3}, "budget="),
        ({"n_samples": 100}, "budget="),
        ({"random_state": 1}, "seed="),
        ({"fingerprnt": "model 3"}, "fingerprint="),
        ({"column_nam": ["a"]}, "the keywords are store, "),
    ],
)
def test_unknown_keywords_are_named_with_the_right_ones(wrong, right):
    with pytest.raises(InputError, match=f"{next(iter(wrong))}: unknown keyword; .*{right}"):
        explain(never, 20, budget=100, **wrong)
    if "budget" not in right:
        with pytest.raises(InputError, match=next(iter(wrong))):
            explain(never, 20, **wrong)


def test_queries_are_one_object_or_keywords(tmp_path):
    queries = Queries(store=tmp_path / "a.sqlite", fingerprint="one", progress=False)
    first = explain(lambda masks: masks[:, 0] * 1.0, 4, queries=queries)
    second = explain(lambda masks: masks[:, 0] * 1.0, 4, queries=queries)
    assert (first.n_calls, second.n_calls, second.n_stored) == (16, 0, 16)
    with pytest.raises(InputError, match=r"store: cannot be combined with queries=; pass it to Queries"):
        explain(len, 4, queries=queries, store="b.sqlite")
    with pytest.raises(InputError, match=r"queries: must be spex_plugins.Queries"):
        explain(len, 4, queries={"store": "b.sqlite"})


def test_a_torch_module_in_training_mode_is_refused():
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(5, 1))
    calls = []

    def value_function(masks):
        calls.append(len(masks))
        return net(torch.as_tensor(masks).float()).detach().numpy()[:, 0]

    with pytest.raises(InputError, match=r"^value_function: .*\(Dropout\) is in training mode"):
        explain(value_function, 5, progress=False)
    assert not calls
    net.eval()
    assert explain(value_function, 5, progress=False).exact


@pytest.mark.parametrize("index", [["SV"], None, 3, "sv"])
def test_an_index_that_is_none(index):
    found = explain(linear, 4, progress=False)
    with pytest.raises(InputError, match=r"^index: .* is unknown"):
        found.index(index)


def test_a_tensor_with_a_gradient_is_told_what_to_do():
    torch = pytest.importorskip("torch")
    weights = torch.ones(4, requires_grad=True)
    with pytest.raises(SpexError, match=r"Tensor that cannot be read as such; return it after \.detach\(\)"):
        explain(lambda masks: torch.as_tensor(masks).float() @ weights, 4, progress=False)


def test_complex_numbers_do_not_lose_a_part():
    for dtype in (complex, object):
        with pytest.raises(SpexError, match="must return real numbers"):
            explain(lambda masks, dtype=dtype: (masks[:, 0] * (1 + 2j)).astype(dtype), 4, progress=False)


def test_a_game_may_train_its_modules():
    torch = pytest.importorskip("torch")

    class Game:
        n = 3
        prototype = torch.nn.Dropout(0.5)

        def __init__(self):
            self.train = lambda: self.prototype

        def __call__(self, masks):
            return masks.sum(axis=1)

    assert explain(Game(), progress=False).exact
