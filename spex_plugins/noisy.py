"""Explain a function whose answers to equal masks differ: noise is measured by repeats and told apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any, Unpack

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.size_limits import check_size
from spex_plugins.queries import Queries, QueryOptions, Session, keep_answers
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.options import queries_of
from spex_plugins.queries.store.fingerprint import fingerprint_of
from spex_plugins.recordings.recording import Recording
from spex_plugins.result.assembly.assemble import interactions
from spex_plugins.result.assembly.few_samples import FewSamples
from spex_plugins.result.assembly.noise import fit_means
from spex_plugins.result.interactions import Interactions
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["NoisyExplained", "explain_noisy"]

_BITS = 20  # of the number of a repeat
_SHARE, _LEAST_REPEATS = 0.1, 24  # of the budget; 24 repeats tell the variance of the noise to a third
_OF_ENDS = 3  # repeats of the empty and the full mask
_LEAST_BUDGET = 32


@dataclass(frozen=True, eq=False)
class NoisyExplained:
    """The explanation of a function with noise.

    Attributes
    ----------
    interactions : Interactions
        The explanation of the function without noise. R² is that against the function without noise; values
        at the empty and the full mask are means.
    noise : ndarray of float64, shape () or (K,)
        Standard deviation of an answer around the function, averaged (root mean square) over masks.
    noise_error : ndarray of float64, shape () or (K,)
        Standard error of ``noise``.
    answers_r2 : ndarray of float64, shape () or (K,)
        R² against the answers, whose noise nothing can predict.
    n_repeats : int
        Number of calls at masks that had an answer already.
    """

    interactions: Interactions
    noise: FloatArray
    noise_error: FloatArray
    answers_r2: FloatArray
    n_repeats: int

    def __repr__(self) -> str:
        noise = ", ".join(
            f"{sd:.3g} ± {error:.2g}"
            for sd, error in zip(np.atleast_1d(self.noise), np.atleast_1d(self.noise_error), strict=True)
        )
        return f"{self.interactions}\n  noise       {noise} ({counted(self.n_repeats, 'repeat')})"


def explain_noisy(
    value_function: ValueFunction,
    n: int | None = None,
    *,
    budget: int,
    estimator: str | Estimator | None = None,
    index: str | None = None,
    max_order: int | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Any = None,
    queries: Queries | None = None,
    **options: Unpack[QueryOptions],
) -> NoisyExplained:
    """Explain a function whose answers are random, such as a similarity of sampled replies.

    Most calls go to masks that are new: each tells about the function and averages the noise over all of
    them. A tenth of the budget, at least 24 calls, repeats masks, the empty and the full one first, to
    measure the variance of the noise. When all 2^n masks have been evaluated, the rest of the budget repeats
    them in turn. R² on left-out answers, divided by the share of their variance that is not noise, is that
    against the function without noise (correction for attenuation, Spearman 1904).

    Parameters
    ----------
    value_function : callable
        Maps masks, an ndarray of bool of shape (m, n), to real numbers of shape (m,) or (m, K), another time
        perhaps to others. If it has a method ``sample(masks, repeats)``, that is called instead, with the
        number of the repeat (m,), from 0, of every mask, for example as a seed.
    n : int, optional
        Number of features. By default ``value_function.n``.
    budget : int
        Largest number of calls, repeats included.
    estimator : str or Estimator, optional
        As in `explain`. By default "averaging", the mean of sparse regression and ProxySPEX; without the
        extra ``trees``, "auto", which gives standard deviations too.
    index : str, optional
        What will be read, as in `explain`; "auto" and "shapley" choose their masks for it. "averaging" asks
        for uniform masks whatever is read: in noise, sparse functions fitted to them have smaller errors of
        Shapley values, too, than Gaussian processes fitted to masks of all sizes.
    max_order : int, optional
        As in `explain`.
    seed : int or numpy.random.Generator
        As in `explain`.
    feature_names : sequence of str, optional
        As in `explain`.
    queries : Queries, optional
        As in `explain`.
    **options
        As in `explain`. A store keeps every answer, and repeats as such: its export has a row for each. The
        masks are chosen for the whole budget, so that the same call with a larger one asks for more masks
        than the difference.

    Returns
    -------
    NoisyExplained
        The explanation and the noise.

    Raises
    ------
    InputError
        If an argument is invalid; raised before any model call.
    ValueFunctionError
        If the value function fails, see `explain`.
    StoreError
        If the store can no longer be read or written, see `explain`.
    MissingExtraError
        If the estimator needs a package that is not installed.

    Warns
    -----
    FewSamplesWarning
        If there are too few masks, or R² is below 0.2, see `explain`.

    Examples
    --------
    >>> import numpy as np
    >>> import spex_plugins as spex
    >>> rng = np.random.default_rng(0)
    >>> def f(masks):
    ...     return 2.0 * (masks[:, 0] & masks[:, 1]) - masks[:, 2] + rng.normal(size=len(masks))
    >>> found = spex.explain_noisy(f, 8, budget=600)
    >>> found.interactions.index("FBII").top(1)
    FBII, order ≤ 2: 1 set
          +1.671  x0 × x1
    """
    check.keywords(options, QueryOptions.__annotations__)
    if isinstance(value_function, Recording):
        raise InputError("value_function: a recording has no noise, one value for each mask; use explain.")
    n, names = check.features_of(value_function, n, feature_names)
    most = check.count("budget", budget, _LEAST_BUDGET, "the number of model calls that may be made")
    chosen = ("averaging" if find_spec("lightgbm") else "auto") if estimator is None else estimator
    check_size(chosen, n, most)
    method, rng = resolve(chosen, index), check.generator(seed)
    order = check.interaction_order(max_order)
    repeats = min(max(_LEAST_REPEATS, round(_SHARE * most)), most // 2)
    design = method.design(n, most - repeats, order, rng)
    masks = design.masks
    rows, numbers = _repeated(masks, most, rng)
    how = queries_of(queries, options)
    if how.store is not None:
        how = replace(how, fingerprint=f"{fingerprint_of(value_function, how.fingerprint)} repeats")
    asking = Session(_Repeats(value_function, n), how, total=len(rows), budget=most, repeat_bits=_BITS)
    with asking as session, _without_numbers(n):
        answers = session.ask(_with_number(masks[rows], numbers))
    kept = answers.answered
    rows, answered = rows[kept], answers.values[kept]
    try:
        found = fit_means(method, design, rows, answered, order, rng)
    except BaseException as error:  # also KeyboardInterrupt: the values have been paid for
        keep_answers(error, masks[rows], answered)
        raise
    statement = f"{len(found.masks)} distinct masks, {len(rows)} answers"
    statement = "; ".join(filter(None, [statement, session.statement]))
    told = interactions(found.fit, found.masks, found.means, names, most, method.name, statement)
    told = replace(told, n_calls=len(rows) - answers.n_stored, n_stored=answers.n_stored, exact=found.exact)
    few = FewSamples(f"budget={budget!r}", "allow more model calls")
    few.see(told)
    few.warn(stacklevel=2)
    shape = told.output_shape
    return NoisyExplained(
        told,
        found.noise.deviation.reshape(shape),
        found.noise.error.reshape(shape),
        np.asarray(found.answers_r2).reshape(shape),
        len(rows) - len(found.masks),
    )


class _Repeats:
    """A value function whose masks are followed by the number of the repeat, in binary digits."""

    def __init__(self, function: ValueFunction, n: int) -> None:
        self._function, self._n = function, n
        self.argument_name = getattr(function, "argument_name", "value_function")
        for name in ("batch_size", "concurrent_calls", "progress_title", "limit_time"):
            if hasattr(function, name):
                setattr(self, name, getattr(function, name))
        if hasattr(function, "work"):
            self.work = partial(_work, function, n)

    def __call__(self, masks: BoolArray) -> Any:
        sample = getattr(self._function, "sample", None)
        if sample is None:
            return self._function(masks[:, : self._n])
        return sample(masks[:, : self._n], masks[:, self._n :] @ (1 << np.arange(_BITS)))


@contextmanager
def _without_numbers(n: int) -> Iterator[None]:
    """Remove the numbers of repeats from the masks that are attached to an error."""
    try:
        yield
    except BaseException as error:
        for name in ("masks", "failed_masks"):
            if getattr(error, name, None) is not None:
                setattr(error, name, getattr(error, name)[:, :n])
        raise


def _work(function: Any, n: int, masks: BoolArray) -> Any:
    return function.work(masks[:, :n])


def _with_number(masks: BoolArray, numbers: IntArray) -> BoolArray:
    digits = (numbers[:, None] >> np.arange(_BITS)) & 1
    return np.concatenate([masks, digits.astype(bool)], axis=1)


def _repeated(masks: BoolArray, budget: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return the rows of masks (m, n) to ask for, ``budget`` in all, and how often each was asked before.

    All come once; of the repeats, the empty and the full mask get the first six.
    """
    kept = masks.sum(axis=1)
    is_end = (kept == 0) | (kept == masks.shape[1])
    ends = np.tile(np.flatnonzero(is_end), _OF_ENDS)
    others = rng.permutation(np.flatnonzero(~is_end))
    most = budget - len(masks)
    rounds = -(-most // max(len(masks), 1)) + 1
    later = np.tile(np.arange(len(masks)), rounds)
    rows = np.concatenate([np.arange(len(masks)), np.concatenate([ends, others, later])[:most]])
    by_row = np.argsort(rows, kind="stable")
    starts = np.searchsorted(rows[by_row], np.arange(len(masks)))
    numbers = np.empty_like(rows)
    numbers[by_row] = np.arange(len(rows)) - starts[rows[by_row]]
    return rows, numbers
