"""Rows of tables whose features are hidden, and a network as the model."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from library.data.tables import table_data
from library.games.masks import Value
from library.models.networks import Network, trained_network

__all__ = ["table_value"]


class Table(NamedTuple):
    """Rows that a network was trained on, and others."""

    network: Network
    mean: np.ndarray
    rows: np.ndarray


def table_value(game: str, n: int, which: int) -> Value:
    """Return the logit of the predicted class of row ``which``; a hidden feature has its mean."""
    table = _trained_table(game)
    row, mean = table.rows[which], table.mean
    if len(mean) != n:
        raise SystemExit(f"{game} has {len(mean)} features, not {n}.")
    label = int(table.network(row[None]).argmax())

    def value(masks: np.ndarray) -> np.ndarray:
        return table.network(np.where(masks, row, mean))[:, label]

    return value


@cache
def _trained_table(game: str) -> Table:
    X, y = table_data(game)
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[: 3 * len(X) // 4], order[3 * len(X) // 4 :]
    mean, scale = X[train].mean(axis=0), X[train].std(axis=0) + 1e-3 * X.std()
    network = trained_network((X[train] - mean) / scale, y[train], hidden=(64, 32), epochs=40)
    return Table(network, np.zeros(X.shape[1]), (X[test] - mean) / scale)
