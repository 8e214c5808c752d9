"""`DataGame`: what training points, or groups of them, contribute to a model that is trained on them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.errors import InputError
from spex_plugins.games.common.fingerprints import combined_fingerprint, fingerprint_of_part
from spex_plugins.games.training.constant_model import constant_model
from spex_plugins.games.training.tables import as_rows, as_table, digest_of_table, rows_of
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.queries.store.value_digest import digest_of_value
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["DataGame"]


class DataGame:
    """Value function of training data: the score of a model that is trained on some of them.

    Every mask trains a model anew. An `executor` of `explain` trains several at a time. Where an estimator
    refuses rows with a ValueError, but not all rows together, as five neighbours refuse four rows, the value
    is that of a constant prediction: the most frequent class, or the mean of y. So it is of a single class.
    The data are copied.

    Parameters
    ----------
    model : scikit-learn estimator, or callable
        An estimator is cloned, with ``seed`` in place of every ``random_state`` that is None. A function
        takes the rows of X and y that are kept and returns a model that is trained on them, the same one for
        the same rows, with a method ``score`` or as ``score`` expects it.
    X, y : array_like, of m rows
        Training data. Models get data frames and sparse matrices of X as such, and arrays of anything else.
    X_test, y_test : array_like
        Data that the trained models are scored on, of the same kinds.
    groups : sequence of int, shape (m,), optional
        Number of the group of every row, from 0 without a gap; by default every row is a feature.
    score : callable, optional
        From a trained model, X_test and y_test to a number; by default ``model.score``: accuracy, or R².
    empty_value : float, optional
        Value without training data. By default, for a classifier scored by its accuracy, one divided by the
        number of classes.
    seed : int
        See ``model``.
    feature_names : sequence of str, optional
        By default "row 0", …, or "group 0", ….
    fingerprint : str, optional
        Identifies ``model`` or ``score`` where one is a function, and what an estimator has among its
        parameters that is no number, text, array, estimator or function of a library; a store needs it. The
        class and the other parameters of an estimator count as well.

    Attributes
    ----------
    n : int
        Number of rows, or groups.
    feature_names : tuple of str
        Their names.
    fingerprint : str or None
        Digest of everything that the values depend on, if it is known.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> game = DataGame(LogisticRegression(), X, y, X_test, y_test)
    >>> found = spex.explain(game, budget=5000, index="BV")
    >>> worst = found.single_values("BV").values.argsort()[:10]
    """

    def __init__(
        self,
        model: Any,
        X: Any,
        y: Any,
        X_test: Any,
        y_test: Any,
        *,
        groups: Sequence[int] | None = None,
        score: Callable[[Any, Any, Any], float] | None = None,
        empty_value: float | None = None,
        seed: int = 0,
        feature_names: Sequence[str] | None = None,
        fingerprint: str | None = None,
    ) -> None:
        self._estimator = hasattr(model, "fit") and hasattr(model, "get_params")
        if not self._estimator and not callable(model):
            raise InputError(
                f"model: must be a scikit-learn estimator or a function, got {type(model).__name__}."
            )
        self._model = _seeded(model, seed) if self._estimator else model
        self._X, self._y = as_table("X", X), as_rows("y", y)
        self._test = as_table("X_test", X_test), as_rows("y_test", y_test)
        m = self._X.shape[0]
        if len(self._y) != m or self._test[0].shape[0] != len(self._test[1]) or not m:
            raise InputError("X, y, X_test, y_test: must have one label for every row, at least one row.")
        self._group_of = np.arange(m) if groups is None else np.array(groups)
        self.n = int(self._group_of.max()) + 1 if self._group_of.dtype.kind in "iu" else 0
        if self._group_of.shape != (m,) or not np.array_equal(np.unique(self._group_of), np.arange(self.n)):
            raise InputError(f"groups: must be {m} integers from 0 without a gap, got {groups!r:.80}.")
        kind = "row" if groups is None else "group"
        names = [f"{kind} {i}" for i in range(self.n)] if feature_names is None else feature_names
        self.feature_names = check.names_of_features(names, self.n)
        self._score = score
        self._empty = self._value_without_data() if empty_value is None else _number(empty_value)
        self._works: bool | None = None
        self._told = False
        self._sizes = np.bincount(self._group_of).astype(np.float64)
        self.fingerprint = self._digest(check.text("fingerprint", fingerprint))

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Train a model for every mask, and return its score.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a row, or group, is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Scores.
        """  # numpydoc ignore=RS01
        return np.array(
            [self._trained_score(mask) for mask in checked_masks(masks, self.n)], dtype=np.float64
        )

    def work(self, masks: BoolArray) -> FloatArray:
        """Return the number of rows that the model of every mask is trained on.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a row, or group, is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Rows; at least 1.
        """  # numpydoc ignore=RS01
        return np.maximum(np.asarray(masks, dtype=np.float64) @ self._sizes, 1.0)

    def __repr__(self) -> str:
        sizes = f"{counted(self.n, 'feature')}, {counted(self._X.shape[0], 'row')}"
        return f"DataGame({type(self._model).__name__}, {sizes})"

    def _trained_score(self, mask: BoolArray) -> float:
        kept = mask[self._group_of]
        if not kept.any():
            return self._empty
        X, y = rows_of(self._X, kept), self._y[kept]
        if not self._estimator:
            return self._scored(self._model(X, y))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few rows, once for every mask
            if self._classifies() and y.ndim == 1 and (y == y[0]).all():
                # Many classifiers refuse a single class, of which there is nothing to learn but the class.
                return self._scored(constant_model(y, self._y, classifies=True))
            try:
                return self._scored(_fitted(self._model, X, y))
            except ValueError:
                if kept.all() or not self._fits_all_rows():
                    raise
                constant = constant_model(y, self._y, classifies=self._classifies())
                value = self._scored(constant)
        self._tell_of_small_sets(len(y))
        return value

    def _classifies(self) -> bool:
        from sklearn.base import is_classifier

        return bool(is_classifier(self._model))

    def _fits_all_rows(self) -> bool:
        """Tell whether the model can be trained on all rows: then others are refused as too few."""
        if self._works is None:
            try:
                self._scored(_fitted(self._model, self._X, self._y))
                self._works = True
            except ValueError:
                self._works = False
        return self._works

    def _tell_of_small_sets(self, rows: int) -> None:
        if not self._told:
            self._told = True
            warnings.warn(
                f"model: {type(self._model).__name__} refuses some sets of rows, the first of {rows:,}, but "
                "not all rows together; their value is that of a constant prediction, the most frequent "
                "class or the mean of y.",
                UserWarning,
                stacklevel=4,
            )

    def _scored(self, trained: Any) -> float:
        value = trained.score(*self._test) if self._score is None else self._score(trained, *self._test)
        return float(value)

    def _value_without_data(self) -> float:
        if self._estimator and self._score is None and self._classifies():
            return 1 / len(np.unique(np.concatenate([self._y, self._test[1]])))
        raise InputError("empty_value: give the value of a model without training data.")

    def _digest(self, given: str | None) -> str | None:
        """Return the digest of model, score and data; what is unknown of them is what was given."""
        parts = [*self._digests_of_model(), fingerprint_of_part(self._score)]
        parts += [digest_of_table(each) for each in (self._X, self._y, *self._test)]
        known = combined_fingerprint(parts, given)
        return known and digest_of_data("DataGame 2", known, self._group_of, repr(self._empty))

    def _digests_of_model(self) -> list[str | None]:
        """Return the digest of a function, or those of the class and every parameter of an estimator."""
        if not self._estimator:
            return [fingerprint_of_part(self._model)]
        settings = sorted(self._model.get_params().items())
        names = [f"{type(self._model).__module__}.{type(self._model).__qualname__}", *dict(settings)]
        values = [digest_of_value(value) or fingerprint_of_part(value) for _, value in settings]
        return [digest_of_data(*names), *values]


def _fitted(model: Any, X: Any, y: Any) -> Any:
    from sklearn.base import clone

    return clone(model).fit(X, y)


def _number(empty_value: Any) -> float:
    if isinstance(empty_value, bool) or not isinstance(empty_value, int | float | np.number):
        raise InputError(f"empty_value: must be a number, got {empty_value!r:.80}.")
    return float(empty_value)


def _seeded(model: Any, seed: int) -> Any:
    from sklearn.base import clone

    copy = clone(model)
    names = [
        name for name, value in copy.get_params().items() if name.endswith("random_state") and value is None
    ]
    return copy.set_params(**dict.fromkeys(names, seed))
