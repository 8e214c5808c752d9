"""Packages that take SHAP explainers or Captum methods; `make test-clients` installs them, apart from ours.

Their own announcements of changes are not our errors.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/clients" in str(item.path):
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def table():
    """Rows of six columns with names, a regression and two classes."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 6)), columns=["age", "bmi", "bp", "ldl", "hdl", "glu"])
    y = 2 * X["age"] + X["bmi"] * X["bp"] - X["ldl"] + 0.1 * rng.normal(size=120)
    return X, y


@pytest.fixture(scope="session")
def regressor(table):
    ensemble = pytest.importorskip("sklearn.ensemble")
    return ensemble.RandomForestRegressor(20, random_state=0).fit(*table)


@pytest.fixture(scope="session")
def classifier(table):
    ensemble = pytest.importorskip("sklearn.ensemble")
    X, y = table
    return ensemble.RandomForestClassifier(20, random_state=0).fit(X, (y > 0).astype(int))
