"""The functions that need no host: `explain` evaluates a value function, `fit` uses existing samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike

from spex_plugins import checks as check
from spex_plugins.core.basis.identifiability import identify
from spex_plugins.core.designs.all_masks import CHEAP_FEATURES
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.estimators.auto import Auto
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.size_limits import check_size
from spex_plugins.estimators.wrappers.with_deviations import WithDeviations
from spex_plugins.estimators.wrappers.with_surrogate import WithSurrogate
from spex_plugins.queries import Queries, QueryOptions, Session, keep_answers
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.calls.torch_modes import check_modes
from spex_plugins.queries.options import queries_of
from spex_plugins.recordings.recording import on_recorded_masks
from spex_plugins.result.assembly.assemble import averaged, fitted, interactions, usable
from spex_plugins.result.assembly.earlier_kernels import kernel_prior
from spex_plugins.result.assembly.few_samples import FewSamples
from spex_plugins.result.assembly.unidentifiable_features import of_all_features, warn_of_unidentifiable
from spex_plugins.result.interactions import Interactions
from spex_plugins.runs.rounds import MOST_CALLS, explain_until
from spex_plugins.runs.stored_designs import kept_in
from spex_plugins.runs.targets import Target
from spex_plugins.types import FloatArray
from spex_plugins.wording import counted

__all__ = ["explain", "explain_each", "fit"]

_SURROGATE_MASKS = 2000  # at which a surrogate is evaluated
_OF_FUNCTIONS = 2  # steps from a function to the modules that it reads, or that its object holds


def explain(
    value_function: ValueFunction,
    n: int | None = None,
    *,
    budget: int | Literal["auto"] = "auto",
    target_r2: float | None = None,
    target_deviation: float | None = None,
    estimator: str | Estimator = "auto",
    index: str | None = None,
    max_order: int | None = None,
    surrogate: Interactions | ValueFunction | None = None,
    prior: Interactions | Sequence[Interactions] | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Sequence[str] | None = None,
    queries: Queries | None = None,
    **options: Unpack[QueryOptions],
) -> Interactions:
    """Explain a value function by its sparse Fourier spectrum.

    The function is evaluated at chosen masks, and a function with a sparse spectrum is fitted to the values.
    By default (``estimator="auto"``), the masks are nearly orthogonal and uniform ones, or those of a coded
    design, and some masks of all sizes. Sparse regression and a Gaussian process are fitted and stacked, or
    what ``"shapley"`` fits is taken if its R² on left-out masks is clearly larger. With at most 16 features
    or fewer than 200 masks, but no coded design, or told an ``index`` of Shapley values, it fits what the
    latter does. If few sets of features meet all values, or if ``budget`` allows all 2^n masks, the result is
    exact. Printing the result shows the masks, the estimator and R².

    Parameters
    ----------
    value_function : callable
        Maps masks, an ndarray of bool of shape (m, n) with True for a feature that is kept, to real numbers
        of shape (m,) or (m, K).
    n : int, optional
        Number of features. By default ``value_function.n``, which the games of `spex_plugins.games` define.
    budget : int or "auto", optional
        Largest number of masks to evaluate; it is never exceeded, and never more than 2^n masks are
        evaluated. Masks whose values are in the ``store`` count, and cost no call: after 1,000 calls, a
        budget of 2,000 makes 1,000 more. With "auto", the default, all 2^n masks of up to 12 features are
        evaluated; with more features, masks are evaluated in rounds until R² no longer improves or 20,000
        masks are reached.
        `spex_plugins.plan` returns the expected cost without evaluating anything.
    target_r2 : float, optional
        Evaluate masks in rounds, for any number of features, until R² on left-out masks minus its standard
        error reaches this value, 0 < target_r2 < 1.
    target_deviation : float, optional
        Evaluate masks in rounds until the standard deviations of the ten largest single values (of the kind
        that ``index`` generalises: Shapley values, or Banzhaf values by default) are at most this, in the
        unit of the value function. With both targets, both must be reached.
    estimator : str or Estimator, optional
        "auto" (the most faithful for a given number of calls), "gaussian_process", "sparse_regression",
        "spex", "shapley" (that of "auto" for Shapley values), "proxyspex", "boosted_residual", "stacking" or
        "averaging" (these four need the extra ``trees``), or an instance of a subclass of
        `spex_plugins.estimators.Estimator`.
    index : str, optional
        What will be read, a key of `spex_plugins.INDICES`: "auto" chooses its masks for it, and weights its
        errors. Shapley values and interactions that generalise them ("SV", "k-SII", "SII", "STII", "FSII",
        "Moebius") need masks of all sizes; for "BV", "BII", "FBII" and "Fourier", and for predictions of
        uniform masks, all masks are uniform. By default there are masks of both kinds. Any other index can
        be read from the result as well, with a larger error.
    max_order : int, optional
        Largest number of features in an interaction; by default as large as the budget allows.
    surrogate : Interactions or callable, optional
        A cheap function of the same n features that resembles the value function, such as that of a smaller
        model: its explanation, or a value function of which up to 2,000 masks are evaluated, beside the
        budget and without the options below. What is estimated is then the difference from it, if left-out
        masks are predicted better so; the result states both R².
    prior : Interactions or sequence of Interactions, optional
        Earlier explanations of the same model, such as those of other inputs, by the estimator "shapley" or
        by "auto" with an index. A kernel is learned that is near theirs a priori, and used if its left-out
        errors are smaller than without; ``method`` of the result tells it. Features are matched by their
        names, or by their numbers if no names agree. Errors shrink by a few per cent at most, with few masks.
    seed : int or numpy.random.Generator, optional
        Seed of the random masks and of the fit. The same seed gives the same masks and the same result.
    feature_names : sequence of str, optional
        Names of the n features. By default ``value_function.feature_names`` or, if the function has no such
        attribute, x0, x1, …. Names may repeat.
    queries : Queries, optional
        Options of the model calls, as one object.
    **options
        The same options as single keywords: ``store``, ``fingerprint``, ``executor``, ``batch_size``,
        ``retries``, ``on_failure``, ``timeout``, ``max_seconds``, ``max_cost``, ``progress`` and others, see
        `spex_plugins.queries.Queries`. With ``store="run.sqlite"`` every value is kept in that file, and the
        same call after a crash evaluates only the missing masks.

    Returns
    -------
    Interactions
        The fitted function, with indices and predictions in the unit of the value function, R² on left-out
        masks, and the number of model calls.

    Raises
    ------
    InputError
        If an argument is invalid; raised before any model call.
    ValueFunctionError
        If the value function fails. Its attributes ``masks`` and ``values`` hold all values obtained before
        the failure. A KeyboardInterrupt, and any error of the estimator, gets the same attributes.
    StoreError
        If the store can no longer be read or written. It has the same attributes if values were obtained.
    MissingExtraError
        If the estimator needs a package that is not installed.

    Warns
    -----
    FewSamplesWarning
        If fewer than two masks per feature were evaluated, if they were too few to measure R², or if R² is
        below 0.2.

    Examples
    --------
    >>> import spex_plugins as spex
    >>> found = spex.explain(lambda m: 2.0 * (m[:, 0] & m[:, 1]) - m[:, 2], 20, budget=500)
    >>> found.index("FSII", order=2).top(2)
    FSII, order ≤ 2: 2 sets
              +2  x0 × x1
              -1  x2
    """
    check.keywords(options, QueryOptions.__annotations__)
    most, aim = check.budget(budget), check.share("target_r2", target_r2)
    target = Target(aim, check.positive("target_deviation", target_deviation), index)
    _callable(value_function)
    if not hasattr(value_function, "n"):  # a game knows its models, some of which it trains
        check_modes(value_function, "value_function", _OF_FUNCTIONS)
    n, names = check.features_of(value_function, n, feature_names)
    check_size(estimator, n, most or MOST_CALLS)
    method = _method(estimator, index, prior, names)
    if target.deviation is not None and isinstance(method, Auto):
        method = WithDeviations(method)
    if surrogate is not None:
        method = _beside(surrogate, n, names, method, index, options)
    if most is None and not target.given and n <= CHEAP_FEATURES:
        most = 2**n
    if most is None or target.given:
        most = most or MOST_CALLS
        found = explain_until(
            value_function,
            n,
            most=most,
            target=target,
            method=on_recorded_masks(method, value_function),
            max_order=check.interaction_order(max_order),
            rng=check.generator(seed),
            names=names,
            how=queries_of(queries, options),
        )
    else:
        settings: dict[str, Any] = {
            "estimator": method,  # told the index and the prior
            "max_order": max_order,
            "seed": seed,
        }
        settings |= {"feature_names": names, "queries": queries, **options}
        found = explain_each(value_function, n, lambda values: [values], budget=most, **settings)[0]
    few = FewSamples(f"budget={budget!r}", "allow more model calls")
    few.see(found)
    few.warn(stacklevel=2)
    return found


def explain_each(
    value_function: ValueFunction,
    n: int | None,
    split: Callable[[FloatArray], Sequence[FloatArray]],
    *,
    budget: int,
    estimator: str | Estimator = "auto",
    index: str | None = None,
    max_order: int | None = None,
    prior: Interactions | Sequence[Interactions] | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Sequence[str] | None = None,
    queries: Queries | None = None,
    **options: Unpack[QueryOptions],
) -> list[Interactions]:
    """Explain several functions that one value function evaluates together, such as the rows of a batch.

    All are evaluated at the same masks. Each is fitted separately, so that its explanation does not depend
    on the others. No `FewSamplesWarning` is issued: the caller does that, with its own argument names.

    Parameters
    ----------
    value_function : callable
        Maps masks (m, n) to the values of all functions, (m, K).
    split : callable
        Maps these values, float64, to a sequence with the values of each function, (m,) or (m, K').
    n, budget, estimator, index, max_order, prior, seed, feature_names, queries, **options
        As in `explain`.

    Returns
    -------
    list of Interactions
        One for each function.

    Raises
    ------
    InputError, ValueFunctionError
        As `explain` does.
    """
    _callable(value_function)
    n, names = check.features_of(value_function, n, feature_names)
    budget = check.count("budget", budget, 2, "the number of model calls that may be made")
    check_size(estimator, n, budget)
    max_order = check.interaction_order(max_order)
    how = queries_of(queries, options)
    method, rng = _method(estimator, index, prior, names), check.generator(seed)
    method = on_recorded_masks(method, value_function)
    design = method.design(n, budget, max_order, rng)
    with Session(value_function, how, total=len(design.masks), budget=budget) as session:
        design = kept_in(session, method, design, max_order, rng)
        answers = session.ask(design.masks)
    masks, everything = usable(design, answers, session.statement)
    complete = len(masks) == len(design.masks)
    known = design.statement if complete else f"{len(masks):,} of {design.statement}"
    statement = "; ".join(filter(None, [known, session.statement]))
    found = []
    try:
        for part in split(everything):
            values = np.ascontiguousarray(part)  # sums of strided numbers may be rounded otherwise
            result = fitted(method, masks, values, design if complete else None, max_order, deepcopy(rng))
            about = (names, budget, method.name, statement)
            found.append(interactions(result, masks, values, *about, n_stored=answers.n_stored))
    except BaseException as error:  # also KeyboardInterrupt: the values have been paid for
        keep_answers(error, masks, everything)
        raise
    return found


def fit(
    masks: ArrayLike,
    values: ArrayLike,
    *,
    estimator: str | Estimator = "auto",
    index: str | None = None,
    max_order: int | None = None,
    prior: Interactions | Sequence[Interactions] | None = None,
    seed: int | np.random.Generator = 0,
    feature_names: Sequence[str] | None = None,
) -> Interactions:
    """Explain existing samples of a value function, such as logged calls or retrained models.

    The effect of a feature that is masked in no sample, or in all of them, cannot be estimated; its values
    are 0. Features that are always masked together, or of which exactly one is always masked, share their
    joint effect equally. Where all samples keep the same number of features, or features depend on each other
    linearly in another way, values of single features are known up to what these have in common, and standard
    deviations are NaN.

    Parameters
    ----------
    masks : array_like of bool or of 0 and 1, shape (m, n)
        True for a feature that is kept. Uniformly drawn masks are best. The values of repeated masks are
        averaged.
    values : array_like of float, shape (m,) or (m, K)
        Values of the function at the masks; finite.
    estimator : str or Estimator, optional
        As in `explain`.
    index : str, optional
        As in `explain`.
    max_order : int, optional
        Largest number of features in an interaction; by default as large as the samples allow.
    prior : Interactions or sequence of Interactions, optional
        As in `explain`.
    seed : int or numpy.random.Generator, optional
        Seed of the fit. The same seed gives the same result.
    feature_names : sequence of str, optional
        Names of the n features, by default x0, x1, ….

    Returns
    -------
    Interactions
        The fitted function, in the unit of ``values``. ``budget`` is the number of samples, ``n_calls`` the
        number of distinct masks.

    Raises
    ------
    InputError
        If an argument is invalid, the shapes do not match, or the values contain NaN or inf.
    MissingExtraError
        If the estimator needs a package that is not installed.

    Warns
    -----
    UnidentifiableWarning
        If the effects of some features cannot be told apart.
    FewSamplesWarning
        If there are fewer than two samples per feature, if they are too few to measure R², or if R² is below
        0.2.
    """
    given = check.sampled_masks(masks)
    answers = check.sampled_values(values, len(given))
    check_size(estimator, given.shape[1], len(given))
    names = check.names_of_features(feature_names, given.shape[1])
    max_order = check.interaction_order(max_order)
    distinct, mean = averaged(given, answers)
    known = identify(distinct)
    method, rng = _method(estimator, index, prior, [names[i] for i in known.features]), check.generator(seed)
    dependent = warn_of_unidentifiable(known, distinct, names, stacklevel=2)
    result = fitted(method, distinct[:, known.features], mean, None, max_order, rng)
    statement = f"{counted(len(given), 'given sample')}, {counted(len(distinct), 'distinct mask')}"
    about = (names, len(given), method.name, statement)
    few = FewSamples("masks", "give more samples")
    found = few.see(interactions(of_all_features(result, known, dependent), distinct, mean, *about))
    few.warn(stacklevel=2)
    return found


def _beside(
    surrogate: Interactions | ValueFunction,
    n: int,
    names: tuple[str, ...],
    method: Estimator,
    index: str | None,
    options: QueryOptions,
) -> Estimator:
    """Return the estimator of the difference from a surrogate, which is explained if it is not yet."""
    if isinstance(surrogate, Interactions):
        known = surrogate
    elif callable(surrogate):
        shown: QueryOptions = {"progress": options["progress"]} if "progress" in options else {}
        settings: dict[str, Any] = {"budget": min(2**n, _SURROGATE_MASKS), "estimator": method, **shown}
        known = explain_each(surrogate, n, lambda values: [values], **settings)[0]
    else:
        raise InputError(
            "surrogate: must be an explanation (Interactions) or a value function, got "
            f"{type(surrogate).__name__}."
        )
    if known.n != n:
        raise InputError(f"surrogate: has {counted(known.n, 'feature')} and the value function {n}.")
    if known.feature_names != names and sorted(known.feature_names) == sorted(names):
        raise InputError(
            "surrogate: its features have the same names as the value function's, in another order."
        )
    return WithSurrogate(method, known.function, index)


def _method(
    estimator: str | Estimator,
    index: str | None,
    prior: Interactions | Sequence[Interactions] | None,
    names: Sequence[str],
) -> Estimator:
    method = resolve(estimator, index)
    return method if prior is None else method.with_prior(kernel_prior(prior, names))


def _callable(value_function: object) -> None:
    if not callable(value_function):
        raise InputError(f"value_function: must be callable, got {type(value_function).__name__}.")
