"""Masks, and one question about them to a session of its own."""

from __future__ import annotations

import numpy as np

from spex_plugins.queries import Queries, Session


def masks_of(m, n=20):
    return np.unique(np.random.default_rng(m).random((2 * m, n)) < 0.5, axis=0)[:m]


def shuffled_masks(m, n=20):
    rng = np.random.default_rng(m)
    return rng.permutation(np.unique(rng.random((2 * m, n)) < 0.5, axis=0))[:m]


def session_of(function, **options):
    return Session(function, Queries(**{"progress": False, "batch_size": 10} | options))


def ask(function, masks, **options):
    with session_of(function, **options) as session:
        return session.ask(masks), session.statement
