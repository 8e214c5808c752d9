"""The result of an explanation: the fitted function, its cost and its R² on left-out masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from os import PathLike

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.fitted_function import FittedFunction
from spex_plugins.core.basis.indices import INDICES, checked_order
from spex_plugins.core.basis.scaling import norms
from spex_plugins.core.basis.single_values import SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.errors import InputError
from spex_plugins.result import html_view
from spex_plugins.result.arguments import output_columns
from spex_plugins.result.files import npz_file
from spex_plugins.result.index_table import IndexTable
from spex_plugins.result.measured_ends import measured_ends
from spex_plugins.result.subsets.questions import Questions
from spex_plugins.result.supported_terms import supported_terms, term_summary
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted, first_of

__all__ = ["Interactions"]


@dataclass(frozen=True, eq=False, repr=False)
class Interactions(Questions):
    """The result of an explanation: a fitted function, with its faithfulness and its cost.

    Attributes
    ----------
    function : FittedFunction
        The fitted function of masks, from which predictions, indices, single values and standard deviations
        are computed. It is a `Spectrum` if the estimator gives no standard deviations, a
        `SpectrumWithDeviations` if it does, and a `StackedFunction` (``estimator`` "shapley") if it has more
        terms than `spectrum` lists.
    feature_names : tuple of str
        Names of the n features.
    n_calls : int
        Number of model calls: masks whose value the value function gave in this run, each of them once.
        `design` states how many failed, or were evaluated again.
    budget : int
        Largest number of model calls that was allowed.
    r2 : ndarray of float64, shape () or (K,)
        Coefficient of determination R² on masks that the prediction was not fitted to, see `r2_source`; NaN
        if it could not be measured. It may be negative.
    r2_source : str
        How `r2` was measured.
    estimator : str
        Name of the estimator.
    design : str
        Description of the masks that the function was fitted to.
    method : str
        Description of the fit.
    empty_value, full_value : ndarray of float64, shape () or (K,)
        Values of the value function at the empty and the full mask, as evaluated (not fitted); NaN if these
        masks are not among the samples.
    n_stored : int
        Number of further masks whose values came from a store.
    r2_error : ndarray of float64, shape () or (K,)
        Standard error of `r2`; NaN if it is not known.
    exact : bool
        True if all masks of the features that can change the value were evaluated, so that nothing is
        estimated.
    feature_ids : tuple of int, optional
        Ids of the n features in the host, such as those of a Captum feature mask; they outlive `renamed`.
    """

    function: FittedFunction
    feature_names: tuple[str, ...]
    n_calls: int
    budget: int
    r2: FloatArray
    r2_source: str
    estimator: str
    design: str
    method: str = ""
    empty_value: FloatArray = field(default_factory=lambda: np.array(np.nan))
    full_value: FloatArray = field(default_factory=lambda: np.array(np.nan))
    n_stored: int = 0
    r2_error: FloatArray = field(default_factory=lambda: np.array(np.nan))
    exact: bool = False
    feature_ids: tuple[int, ...] | None = None

    @property
    def n(self) -> int:
        """Number of features."""
        return self.function.n

    @property
    def output_shape(self) -> tuple[int, ...]:
        """() for a scalar value function, (K,) for K outputs."""
        return self.function.output_shape

    @property
    def n_outputs(self) -> int:
        """Number of outputs, 1 for a scalar value function."""
        return self.output_shape[0] if self.output_shape else 1

    @property
    def spectrum(self) -> Spectrum:
        """The Fourier spectrum: `function` itself if that is a `Spectrum`, else its supported terms.

        These are the terms that stand out from the errors at left-out masks. ``function.spectrum`` has the
        others, as far as they are known; predictions and indices are those of `function`, with all of them.
        """
        spectrum, listed = self.function.spectrum, self._supported
        return spectrum if len(listed) == len(spectrum) else spectrum._select(listed)

    @property
    def _supported(self) -> IntArray:
        """Numbers of the terms of ``function.spectrum`` that are listed."""
        spectrum = self.function.spectrum
        if self.exact or isinstance(self.function, Spectrum):
            return np.arange(len(spectrum))
        return np.flatnonzero(supported_terms(spectrum, self.r2, self.n_calls + self.n_stored))

    @property
    def plan(self) -> str:
        """Description of the masks and of the fit: `design` and `method`."""
        return "; ".join(filter(None, [self.design, self.method]))

    def index(self, index: str = "FSII", order: int | None = None) -> IndexTable:
        """Return the values of an interaction index.

        Parameters
        ----------
        index : str
            Symbol of the index: "Fourier", "Moebius", "SV", "BV", "SII", "BII", "k-SII", "STII", "FSII" or
            "FBII".
        order : int, optional
            Largest number of features in a set; by default 1 for SV and BV and 2 for the others.

        Returns
        -------
        IndexTable
            Sorted by magnitude; values in the unit of the value function. Of a function with more than 20,000
            sets that have a value, those with the leading Fourier coefficients are listed; ``unlisted`` has
            the sum of the others.

        Raises
        ------
        InputError
            If the index is unknown or not defined for this order.
        """
        if order is None:
            order = checked_order(index, None) or 2
        supports, values = self.function.convert(index, order)
        sizes = sets.orders_of(supports, self.n)
        fitted = values[sizes == 0].sum(axis=0)
        supports, values = supports[sizes > 0], values[sizes > 0]
        baseline = (measured_ends(self, index, order, values) or [fitted])[0]
        ranking = np.argsort(-norms(values), kind="stable")
        unlisted = None if self.function.lists_all(order) else self._total(index) - values.sum(axis=0)
        return IndexTable(
            index, order, supports[ranking], values[ranking], baseline, self.feature_names, unlisted
        )

    def _total(self, index: str) -> FloatArray:
        """Return what the values of an index add up to, shape () or (K,); NaN where it is not known."""
        ends = np.array([[True], [False]]).repeat(self.n, axis=1)
        full, empty = self.predict(ends)
        adds_up = index != "Moebius" and index in INDICES and INDICES[index].efficient
        return np.asarray(full - empty) if adds_up else np.full(self.output_shape, np.nan)

    def single_values(self, index: str = "SV") -> SingleValues:
        """Return the values of single features in an index of order 1, with their standard deviations.

        Those of an index of order 1, all of which but Möbius are Shapley or Banzhaf values: see `index`.

        Parameters
        ----------
        index : str
            A key of `spex_plugins.INDICES`.

        Returns
        -------
        SingleValues
            Values and standard deviations, each of shape (n,) or (n, K), in the unit of the value function.
            The deviations are 0 if the explanation is `exact`, NaN if the estimator does not give them.

        Raises
        ------
        InputError
            If the index is unknown.
        """
        known = self.function.single_values(check.index(index))
        return replace(known, deviations=np.zeros_like(known.values)) if self.exact else known

    def deviations(self, table: IndexTable) -> FloatArray:  # numpydoc ignore=RS01
        """Return the standard deviations of the values of a table.

        They are the posterior standard deviations of the fitted Gaussian process, scaled by its errors on
        left-out masks (``estimator`` "auto", "gaussian_process", "stacking" and "shapley"). Their computation
        factorises the covariance matrix of all samples, which takes about a second for 4,000 samples. Uniform
        masks tell little of indices with large weights on masks that keep few or nearly all features, such as
        "SV" and "Moebius": the deviations of these grow with the errors at the empty and the full mask.

        Parameters
        ----------
        table : IndexTable
            From `index` or `top` of this explanation.

        Returns
        -------
        ndarray of float64, shape (T,) or (T, K)
            In the order and the unit of ``table.values``; 0 if the explanation is `exact`, NaN if the
            estimator does not give them.

        Raises
        ------
        InputError
            If the table has another number of features.
        """
        if not isinstance(table, IndexTable):
            raise InputError(f"table: must be one of index(…) or top(…), got {type(table).__name__}.")
        if table.n != self.n:
            raise InputError(f"table: has {counted(table.n, 'feature')}, this explanation has {self.n}.")
        if self.exact:
            return np.zeros(table.values.shape)
        return self.function.deviations(table.supports, table.index, table.order)

    def top(self, k: int = 10, index: str = "FSII", order: int | None = None) -> IndexTable:
        """Return the k largest interactions (sets of two or more features) of an index.

        Parameters
        ----------
        k : int
            Largest number of sets.
        index : str
            Symbol of the index, as in `index`.
        order : int, optional
            Largest number of features in a set; by default 3 if the spectrum has terms of three or more
            features, else 2.

        Returns
        -------
        IndexTable
            Sorted by magnitude; values in the unit of the value function.

        Raises
        ------
        InputError
            If ``k`` is not an integer ≥ 0, or the index is unknown or not defined for this order.
        """
        k = check.count("k", k, 0, "the largest number of sets")
        if order is None:
            order = min(max(self.spectrum.max_order, 2), 3)
        table = self.index(index, order)
        return table._select(np.flatnonzero(table.orders > 1)[:k])

    def predict(self, masks: BoolArray) -> FloatArray:
        """Predict the value function.

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
            True for a feature that is kept.

        Returns
        -------
        ndarray of float64, shape (m,) or (m, K)
            Values of the fitted function, in the unit of the value function. They equal
            ``spectrum.predict(masks)`` if `function` is a `Spectrum`; otherwise, `spectrum` lists the
            supported terms only.

        Raises
        ------
        InputError
            If the shape of the masks is not (m, n).
        """
        return self.function.predict(masks)

    def output(self, k: int | Sequence[int]) -> Interactions:
        """Return the explanation of one of K outputs, or of several.

        Parameters
        ----------
        k : int or sequence of int
            Number of the output, or numbers of several. With a single number, the values are scalar; with a
            sequence, they have one column for each.

        Returns
        -------
        Interactions
            The explanation of these outputs; shapes (K,) become () or (len(k),).

        Raises
        ------
        InputError
            If the value function is scalar, or the numbers are no integers.
        IndexError
            If there is no such output.
        """
        if not self.output_shape:
            raise InputError(
                f"output: the value function has a single output, so output({k}) does not exist."
            )
        columns = output_columns(k, self.n_outputs)
        return replace(
            self,
            function=self.function.output(columns),
            r2=self.r2[columns],
            r2_error=self.r2_error[columns] if self.r2_error.ndim else self.r2_error,
            empty_value=self.empty_value[columns],
            full_value=self.full_value[columns],
        )

    def renamed(self, feature_names: Sequence[str]) -> Interactions:
        """Return the same explanation with other feature names.

        Parameters
        ----------
        feature_names : sequence of str
            Names of the n features.

        Returns
        -------
        Interactions
            The same in all but the names.

        Raises
        ------
        InputError
            If the number of names is not n.
        """
        return replace(self, feature_names=check.names_of("feature_names", feature_names, self.n))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the explanation to one .npz file: arrays and a JSON header, no pickle.

        Parameters
        ----------
        path : path-like
            Path of the file. An existing file is replaced once the new one is complete.

        Raises
        ------
        InputError
            If `function` is of a type that cannot be saved.
        OSError
            If the file cannot be written.
        """
        npz_file.write(path, vars(self))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Interactions:
        """Read a file written by `save`.

        Parameters
        ----------
        path : path-like
            Path of the file.

        Returns
        -------
        Interactions
            The explanation that was saved.

        Raises
        ------
        InputError
            If the file is not an explanation, is damaged, or was written by a newer version of this package.
        OSError
            If the file cannot be read.
        """
        return npz_file.read(path, cls)

    def _summary(self) -> list[tuple[str, str]]:
        errors = np.broadcast_to(self.r2_error, self.r2.shape).ravel()
        texts = [
            f"{v:.3f}" + ("" if np.isnan(e) else f" ± {e:.3f}")
            for v, e in zip(self.r2.ravel().tolist(), errors.tolist(), strict=True)
        ]
        stored = f", {counted(self.n_stored, 'answer')} from the store" if self.n_stored else ""
        return [
            ("features", str(self.n)),
            ("model calls", f"{self.n_calls} of {self.budget}{stored}"),
            ("masks", self.design),
            ("estimator", ": ".join(filter(None, [self.estimator, self.method]))),
            ("R²", f"{first_of(texts, 6)} ({self.r2_source})"),
            ("terms", term_summary(self.function.spectrum, self._supported)),
        ]

    def __repr__(self) -> str:
        lines = [f"  {name:<12}{text}" for name, text in self._summary()]
        found = self.top(5)
        shown = [f"  {'' if k else 'strongest':<12}{v}  {name}" for k, (name, v) in enumerate(found._rows())]
        return "\n".join(["Interactions", *lines, *shown])

    def _repr_html_(self) -> str:
        return html_view.view(html_view.facts(self._summary()), self.top(10)._html_table())
