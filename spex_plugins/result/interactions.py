"""The result of an explanation: a spectrum with its names, its cost and its honest faithfulness."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.indices import INDICES, checked_order, convert, same_single_values
from spex_plugins.core.basis.spectrum import Spectrum, norms
from spex_plugins.core.gaussian_process.posterior import Posterior, Uncertainty
from spex_plugins.errors import InputError
from spex_plugins.estimators.fit_result import SingleValues
from spex_plugins.result.index_table import IndexTable
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Interactions"]


@dataclass(frozen=True, eq=False, repr=False)
class Interactions:
    """What an explanation found, and what it cost.

    Attributes
    ----------
    spectrum : Spectrum
        The fitted function; everything else is read from it. Where `process` is a `Posterior`, its terms
        with most energy.
    feature_names : tuple of str
        Names of the n features.
    n_calls : int
        Model calls: the number of masks that the value function answered in this run (every one once).
    budget : int
        Model calls that were allowed.
    r2 : ndarray of float64, shape () or (K,)
        Faithfulness R² on masks that the prediction had not seen (`r2_source` says which); NaN where
        it could not be measured. It may be negative.
    r2_source : str
        How `r2` was measured.
    estimator : str
        Name of the estimator.
    plan : str
        What was chosen for this budget, in words.
    empty_value, full_value : ndarray of float64, shape () or (K,)
        The value function at "nothing kept" and "everything kept", as answered (not fitted); NaN when
        these masks were not among the samples.
    singles : mapping from "SV" or "BV" to SingleValues
        Shapley and Banzhaf values that the estimator knows better than the spectrum does; read them with
        `single_values`.
    n_stored : int
        Number of further masks whose answers came from a store.
    r2_error : ndarray of float64, shape () or (K,)
        Standard error of `r2`; NaN where it is not known.
    process : Uncertainty or Posterior, optional
        How sure an estimator with a Gaussian process is, see `deviations`. A `Posterior` (``estimator``
        "shapley") is the fitted function itself: predictions and indices are read from it.
    exact : bool
        Whether all masks of the features that can change the value were asked, so that nothing is estimated.
    feature_ids : tuple of int, optional
        Ids of the n features in the host, such as those of a Captum feature mask; they outlive `renamed`.
    """

    spectrum: Spectrum
    feature_names: tuple[str, ...]
    n_calls: int
    budget: int
    r2: FloatArray
    r2_source: str
    estimator: str
    plan: str
    empty_value: FloatArray = field(default_factory=lambda: np.array(np.nan))
    full_value: FloatArray = field(default_factory=lambda: np.array(np.nan))
    singles: Mapping[str, SingleValues] = field(default_factory=dict)
    n_stored: int = 0
    r2_error: FloatArray = field(default_factory=lambda: np.array(np.nan))
    process: Uncertainty | None = None
    exact: bool = False
    feature_ids: tuple[int, ...] | None = None

    @property
    def n(self) -> int:
        """Number of features."""
        return self.spectrum.n

    @property
    def output_shape(self) -> tuple[int, ...]:
        """() for a scalar value function, (K,) for K outputs."""
        return self.spectrum.output_shape

    @property
    def n_outputs(self) -> int:
        """Number of outputs, 1 for a scalar value function."""
        return self.output_shape[0] if self.output_shape else 1

    def index(self, index: str = "FSII", order: int | None = None) -> IndexTable:
        """Read the interactions in an index.

        Parameters
        ----------
        index : str
            "Fourier", "Moebius", "SV", "BV", "SII", "BII", "k-SII", "STII", "FSII" or "FBII".
        order : int, optional
            Largest number of features in a set; by default 1 for SV and BV and 2 for the others.

        Returns
        -------
        IndexTable
            Sorted by magnitude.
        """
        if order is None:
            order = (index in INDICES and INDICES[index].fixed_order) or 2
        supports, values = self._converted(index, order)
        sizes = sets.orders_of(supports, self.n)
        baseline = values[sizes == 0].sum(axis=0)
        supports, values = supports[sizes > 0], values[sizes > 0]
        ranking = np.argsort(-norms(values), kind="stable")
        return IndexTable(index, order, supports[ranking], values[ranking], baseline, self.feature_names)

    def _converted(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        if isinstance(self.process, Posterior):
            order = checked_order(index, order) or order
            return self.process.convert(index, order, self.spectrum)
        return convert(self.spectrum, index, order)

    def single_values(self, index: str = "SV") -> SingleValues:
        """Return the values of single features in an index of order 1, and how sure they are.

        Every index but Möbius and Fourier has the Shapley or the Banzhaf value at order 1. Where the
        estimator gave these, with standard deviations, they are returned; else the values are read from the
        spectrum, and the deviations are 0 if the explanation is `exact`, NaN otherwise.

        Returns
        -------
        SingleValues
            Values and deviations, each (n,) or (n, K).
        """
        if index not in INDICES:
            raise InputError(f"index: {index!r} is unknown; choose one of {list(INDICES)}.")
        for semivalue, known in self.singles.items():
            if same_single_values(index, semivalue):
                return known
        values = self.index(index, 1).first_order()
        return SingleValues(values, np.full(values.shape, 0.0 if self.exact else np.nan))

    def deviations(self, table: IndexTable) -> FloatArray:
        """Return how sure the values of a table are: their standard deviations.

        They are those of the Gaussian process that was fitted, scaled by its errors on left-out masks
        (``estimator`` "auto", "gaussian_process", "stacking" and "shapley"). They cost the matrix of all
        samples, a second for 4,000. They presume that what these masks show holds for all masks: uniform
        masks tell of "Fourier", "BII", "BV" and "FBII"; indices that weigh masks with few or nearly all
        features, up to "Moebius", are less certain than they then say.

        Parameters
        ----------
        table : IndexTable
            From `index` or `top` of this explanation.

        Returns
        -------
        ndarray of float64, shape (T,) or (T, K)
            As ``table.values``; 0 if the explanation is `exact`, NaN if the estimator cannot tell.
        """
        if self.process:
            return self.process.deviations(table.supports, table.index, table.order)
        return np.full(table.values.shape, 0.0 if self.exact else np.nan)

    def top(self, k: int = 10, index: str = "FSII", order: int | None = None) -> IndexTable:
        """Return the k largest *interactions* (sets of two or more features) of an index.

        Without ``order``, sets of up to three features are told apart when the spectrum has such terms.
        """
        if order is None:
            order = min(max(self.spectrum.max_order, 2), 3)
        table = self.index(index, order)
        return table._select(np.flatnonzero(table.orders > 1)[:k])

    def predict(self, masks: BoolArray) -> FloatArray:
        """Predict the value function at masks (m, n); returns (m,) or (m, K)."""
        if isinstance(self.process, Posterior):
            return self.process.predict(masks)
        return self.spectrum.predict(masks)

    def output(self, k: int | Sequence[int]) -> Interactions:
        """Return the explanation of one of K outputs (scalar values), or of several."""
        if not self.output_shape:
            raise InputError(
                f"output: the value function has a single output, so output({k}) does not exist."
            )
        columns = np.asarray(k)[()]  # a number, or an array
        return replace(
            self,
            spectrum=replace(self.spectrum, coefficients=self.spectrum.coefficients[:, columns]),
            r2=self.r2[columns],
            r2_error=self.r2_error[columns] if self.r2_error.ndim else self.r2_error,
            empty_value=self.empty_value[columns],
            full_value=self.full_value[columns],
            singles={
                name: SingleValues(single.values[:, columns], single.deviations[:, columns])
                for name, single in self.singles.items()
            },
            process=self.process and self.process.output(columns),
        )

    def renamed(self, feature_names: Sequence[str]) -> Interactions:
        """Return the same explanation with other feature names."""
        if len(feature_names) != self.n:
            raise InputError(f"feature_names: expected {self.n} names, got {len(feature_names)}.")
        return replace(self, feature_names=tuple(map(str, feature_names)))

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything to one .npz file: arrays and a JSON header, no pickle."""
        from spex_plugins.result import npz_file as saving

        saving.save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Interactions:
        """Read a file written by `save`."""
        from spex_plugins.result import npz_file as saving

        return saving.load(path)

    def _summary(self) -> list[tuple[str, str]]:
        errors = np.broadcast_to(self.r2_error, self.r2.shape).ravel()
        r2 = ", ".join(
            f"{v:.3f}" + ("" if np.isnan(e) else f" ± {e:.3f}")
            for v, e in zip(self.r2.ravel()[:6], errors, strict=False)
        )
        orders = self.spectrum.orders
        size = norms(self.spectrum.coefficients[orders > 0])
        share = (size / (size.max(initial=0.0) or 1.0)) ** 2
        counts = np.bincount(orders)
        energy = np.bincount(orders[orders > 0], weights=share, minlength=len(counts))
        terms = ", ".join(
            f"{counts[k]} of order {k} ({energy[k] / energy[1:].sum():.0%} of the variance)"
            for k in np.flatnonzero(counts[1:]) + 1
        )
        stored = f", {self.n_stored} answers from the store" if self.n_stored else ""
        return [
            ("features", str(self.n)),
            ("model calls", f"{self.n_calls} of {self.budget}{stored}"),
            ("R²", f"{r2} ({self.r2_source})"),
            ("terms", terms or "none"),
            ("estimator", f"{self.estimator}: {self.plan}"),
        ]

    def __repr__(self) -> str:
        lines = [f"  {name:<12}{text}" for name, text in self._summary()]
        found = self.top(5)
        shown = [f"  {'' if k else 'strongest':<12}{v}  {name}" for k, (name, v) in enumerate(found._rows())]
        return "\n".join(["Interactions", *lines, *shown])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for name, text in self._summary()
        )
        return f"<table>{rows}</table>{self.top(10)._repr_html_()}"
