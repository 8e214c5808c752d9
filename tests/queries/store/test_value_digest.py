"""Digests of parameters: equal content in every process, and no two contents alike."""

from __future__ import annotations

import datetime
import subprocess
import sys

import numpy as np
import pytest

from spex_plugins.queries.store.value_digest import digest_of_value

LONG = np.zeros(5000)
CHANGED = np.where(np.arange(5000) == 2500, 1.0, 0.0)  # `repr` shows neither the middle nor the difference


def test_arrays_count_to_the_last_element():
    assert repr(LONG) == repr(CHANGED)
    for wrap in (
        lambda x: x,
        lambda x: [x],
        lambda x: {"keep": x},
        lambda x: np.array([x, None], dtype=object),
    ):
        assert digest_of_value(wrap(LONG)) == digest_of_value(wrap(LONG.copy()))
        assert digest_of_value(wrap(LONG)) != digest_of_value(wrap(CHANGED))


def test_different_values_have_different_digests():
    values = [
        None, True, 1, 1.0, "1", b"1", [1], (1,), {1}, frozenset({1}), {1: 1}, {1: 2}, slice(1), slice(1, 2),
        [[1], 2], [1, [2]], np.array([1]), np.array([1.0]), np.array(["1"]), np.array([[1]]), np.float32(1),
        np.int64(1), np.ma.MaskedArray([1.0, 2.0], [False, True]), np.ma.MaskedArray([1.0, 2.0], False),
        np.array([(1, 2)], dtype=[("a", "i8"), ("b", "i8")]), np.dtype(float), np.dtype([("a", "f8")]),
        np.array([(1, 2)], dtype=[("b", "i8"), ("a", "i8")]), np.log1p, np.exp, datetime.date(2020, 1, 1),
        np.random.default_rng(0), np.random.default_rng(1), np.random.RandomState(0), int, float, len,
    ]  # fmt: skip
    digests = [digest_of_value(value) for value in values]
    assert None not in digests
    assert len(set(digests)) == len(values)


def test_what_may_depend_on_anything_has_none():
    class Thing:
        pass

    values = [lambda x: x, Thing(), Thing, [Thing()], {"a": len, "b": lambda: 1}, (np.log1p, Thing())]
    for value in values:
        assert digest_of_value(value) is None


def test_digests_are_those_of_other_processes():
    pytest.importorskip("sklearn")
    code = (
        "import numpy as np\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import FunctionTransformer, StandardScaler\n"
        "from sklearn.gaussian_process import GaussianProcessClassifier\n"
        "from sklearn.gaussian_process.kernels import RBF\n"
        "from sklearn.model_selection import KFold\n"
        "from sklearn.metrics import f1_score, make_scorer\n"
        "from spex_plugins.queries.store.value_digest import digest_of_value\n"
        "value = [make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), "
        "GaussianProcessClassifier(2.0 * RBF(1.5))), KFold(3), make_scorer(f1_score, average='macro'), "
        "{'a', 'b', 'c', 'd'}, {'x': 1, 'y': {2, 3}}]\n"
        "print([digest_of_value(each) for each in value])"
    )
    found = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(found) == 1
    assert "None" not in found.pop()
