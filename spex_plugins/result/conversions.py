"""The methods of `Interactions` that turn it into objects of other packages, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.core.basis.transform.exact_transform import exact_spectrum
from spex_plugins.core.designs.all_masks import CHEAP_FEATURES
from spex_plugins.core.fitted.all_terms import lists_all_terms
from spex_plugins.errors import InputError
from spex_plugins.result.feature_labels import told_apart, visible
from spex_plugins.result.files.npz_file import fields_of, header_and_arrays
from spex_plugins.result.measured_ends import measured_ends
from spex_plugins.wording import there_are

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from spex_plugins.core.basis.fitted_function import FittedFunction
    from spex_plugins.core.basis.spectrum import Spectrum
    from spex_plugins.result.index_table import IndexTable
    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Conversions"]


class Conversions:
    """Base class of `Interactions`: exports and imports."""

    if TYPE_CHECKING:
        function: FittedFunction
        feature_names: tuple[str, ...]
        n_calls: int
        n_stored: int
        exact: bool

        @property
        def n(self) -> int: ...
        @property
        def n_outputs(self) -> int: ...
        @property
        def output_shape(self) -> tuple[int, ...]: ...
        def index(self, index: str = ..., order: int | None = ...) -> IndexTable: ...
        def predict(self, masks: BoolArray) -> FloatArray: ...

    def to_frame(self, index: str = "FSII", order: int | None = None) -> pd.DataFrame:
        """Return the values of an interaction index as a pandas DataFrame, see `IndexTable.to_frame`.

        Parameters
        ----------
        index : str
            Symbol of the index, as in `index`.
        order : int, optional
            Largest number of features in a set, as in `index`.

        Returns
        -------
        pandas.DataFrame
            Columns term, features, order, and value, or value_0 to value_{K − 1} with K outputs.

        Raises
        ------
        InputError
            If the index is unknown or not defined for this order.
        ImportError
            If pandas is not installed.
        """
        return self.index(index, order).to_frame()

    def to_shapiq(self, index: str = "FSII", order: int | None = None) -> Any:
        """Return the values of an interaction index as ``shapiq.InteractionValues``.

        Parameters
        ----------
        index : str
            A key of `spex_plugins.INDICES`.
        order : int, optional
            Largest number of features in a set, as in `index`.

        Returns
        -------
        shapiq.InteractionValues
            With the value of the empty set, and f(∅) as baseline; every plot of shapiq draws it.

        Raises
        ------
        InputError
            If there are several outputs, or if the index is unknown or not defined for this order.
        MissingExtraError
            If shapiq is not installed.
        """
        from spex_plugins.exports.shapiq_values import interaction_values

        self._check_one_output("to_shapiq")
        table = self.index(index, order)
        ends = measured_ends(cast("Interactions", self), index, table.order, table.values) or self._ends()
        return interaction_values(
            table.index,
            table.order,
            self.n,
            table.supports,
            table.values,
            empty=float(table.baseline),
            baseline=float(ends[0]),
            budget=self.n_calls + self.n_stored,
            exact=self.exact,
        )

    @classmethod
    def from_shapiq(cls, values: Any, feature_names: Sequence[str] | None = None) -> Self:
        """Return the function of order ≤ ``values.max_order`` that has these values in their index.

        There is exactly one such function: ``found.index(values.index, values.max_order)`` gives the values
        back. It is the explained function if that has no interactions of higher order; where the single
        values of an explanation are those of a Gaussian process and not of its spectrum (``estimator``
        "gaussian_process" and "stacking"), its "SII" and "BII" give another one.

        Parameters
        ----------
        values : shapiq.InteractionValues
            Of any index of `spex_plugins.INDICES`, for all orders from 1.
        feature_names : sequence of str, optional
            Names of the n features, by default "x0" to "x{n − 1}".

        Returns
        -------
        Interactions
            With R² not measured.

        Raises
        ------
        InputError
            If these are no values of shapiq, if the index is another one, if lower orders are missing, or if
            the number of names is not n.
        """
        from spex_plugins.exports.shapiq_values import spectrum_of_values

        spectrum = spectrum_of_values(values)
        names = check.names_of_features(feature_names, spectrum.n)
        budget = values.estimation_budget or 0
        return cls(  # type: ignore[call-arg]
            function=spectrum,
            feature_names=names,
            n_calls=budget,
            budget=budget,
            r2=np.array(np.nan),
            r2_source=f"not measured: read from shapiq's {values.index}",
            estimator="shapiq",
            design="chosen by shapiq",
            method=f"function of order ≤ {values.max_order} with these values",
        )

    def to_explanation(self, index: str = "SV", order: int | None = None, top: int | None = None) -> Any:
        """Return a flat ``shap.Explanation`` for every plot of SHAP.

        Parameters
        ----------
        index : str
            Symbol of the index, as in `index`.
        order : int, optional
            Largest number of features in a set, as in `index`.
        top : int, optional
            Number of sets that get an entry, largest first; by default all of them.

        Returns
        -------
        shap.Explanation
            Values (T,) or (T, K). Of an index of order 1, one for each feature in the order of the features;
            else one for each set, named as "not × good", largest first. Base value and values add up to f(x)
            as evaluated, of Shapley values that do so, else to the prediction at the full mask: a last entry,
            "all other terms", has what the others lack.

        Raises
        ------
        InputError
            If the index is unknown or not defined for this order, or ``top`` is not an integer ≥ 0.
        MissingExtraError
            If SHAP is not installed.
        """
        from spex_plugins.exports.shap_explanation import flat_explanation

        shown = self.index(index, order)
        found = cast("Interactions", self)
        empty, full = measured_ends(found, index, shown.order, shown.values) or self._ends()
        if shown.order == 1 and top is None:
            return flat_explanation(self._labels(), shown.first_order(), empty, full)
        if top is not None:
            shown = shown.top(check.count("top", top))
        return flat_explanation(shown.names, shown.values, empty, full)

    def to_sympy(self, basis: str = "moebius", terms: int | None = None) -> Any:
        """Return the fitted function as a polynomial of SymPy.

        Parameters
        ----------
        basis : {"moebius", "fourier"}
            Σ_R a(R) Π_{i∈R} x_i with the Möbius coefficients, or Σ_S F(S) Π_{i∈S} (1 − 2 x_i) with the
            Fourier coefficients.
        terms : int, optional
            Number of Fourier terms of largest energy that are kept; by default all of them.

        Returns
        -------
        sympy.Expr
            In the integer symbols x0 to x{n − 1}, 1 for a feature that is kept, 0 for one that is masked.
            Without ``terms`` it equals `predict` at every mask.

        Raises
        ------
        InputError
            If there are several outputs, if the basis is unknown, if ``terms`` is not an integer ≥ 0, or if
            it is not given and the function has more terms than can be listed (more than 12 features and an
            estimator with a Gaussian process).
        MissingExtraError
            If SymPy is not installed.
        """
        from spex_plugins.exports.sympy_polynomial import polynomial

        return polynomial(self._listed_terms("to_sympy", terms), basis)

    def to_latex(self, basis: str = "moebius", terms: int | None = None, digits: int = 3) -> str:
        r"""Return the polynomial of `to_sympy` as LaTeX, with the names of the features.

        Parameters
        ----------
        basis : {"moebius", "fourier"}
            As in `to_sympy`.
        terms : int, optional
            As in `to_sympy`.
        digits : int
            Number of significant digits of the coefficients.

        Returns
        -------
        str
            LaTeX for math mode; names are in ``\text{}``.

        Raises
        ------
        InputError
            As in `to_sympy`, and if ``digits`` is not an integer ≥ 1.
        MissingExtraError
            If SymPy is not installed.
        """
        from spex_plugins.exports.sympy_polynomial import latex

        digits = check.count("digits", digits, least=1)
        return latex(self._listed_terms("to_latex", terms), basis, self._labels(), digits)

    def to_networkx(self, index: str = "FSII", order: int | None = None) -> Any:
        """Return the values of an interaction index as a graph of NetworkX.

        Parameters
        ----------
        index : str
            Symbol of the index, as in `index`.
        order : int, optional
            Largest number of features in a set, as in `index`.

        Returns
        -------
        networkx.Graph
            Nodes 0 to n − 1 with attributes kind ("feature"), label and value; an edge with kind ("pair"),
            value and weight (its magnitude) for every set of two; for every larger set a node, the tuple of
            its features, with kind ("set"), joined to its members by edges with kind ("member").

        Raises
        ------
        InputError
            If there are several outputs, or if the index is unknown or not defined for this order.
        MissingExtraError
            If NetworkX is not installed.
        """
        from spex_plugins.exports.networkx_graph import interaction_graph

        self._check_one_output("to_networkx")
        return interaction_graph(self.index(index, order).as_dict(), self._labels())

    def to_json(self) -> str:
        """Return the explanation as JSON, with everything that `save` writes.

        Returns
        -------
        str
            An object with the fields, and with every array of numbers as {dtype, shape, values}; NaN is null.
        """
        from spex_plugins.exports.json_text import dumps

        return dumps(*header_and_arrays(vars(self)))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Parameters
        ----------
        text : str
            JSON.

        Returns
        -------
        Interactions
            The same explanation, to the last digit.

        Raises
        ------
        InputError
            If the text is not that of an explanation, or was written by a newer version of this package.
        """
        from spex_plugins.exports.json_text import loads

        try:
            header, arrays = loads(text)
            return cls(**fields_of(header, arrays, "text: it"))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"text: expected what to_json returns, got {text!r:.60}.") from error

    def _listed_terms(self, method: str, terms: int | None) -> Spectrum:
        """Return all terms of the function, or the largest ones of them."""
        self._check_one_output(method)
        if terms is not None:
            check.count("terms", terms, 1, "the number of terms that are kept")
        spectrum = self._all_terms()
        if spectrum is None and terms is None:
            raise InputError(
                f"terms: the function that {type(self.function).__name__} holds has more terms than can be "
                f"listed; give the number of largest ones to keep, for example {method}(terms=50)."
            )
        if spectrum is None:
            spectrum = self.function.spectrum
        return spectrum if terms is None else spectrum.top(terms)

    def _all_terms(self) -> Spectrum | None:
        """Return every Fourier term of the function of one output; None where they cannot be listed."""
        if lists_all_terms(self.function):
            return self.function.spectrum
        if self.n > CHEAP_FEATURES:
            return None
        masks = masks_of_numbers(np.arange(2**self.n), self.n)
        return exact_spectrum(masks, self.predict(masks)[:, None]).output(0)

    def _ends(self) -> FloatArray:
        """Return the predictions at the empty and the full mask, shape (2,) or (2, K)."""
        return self.predict(np.array([[False] * self.n, [True] * self.n]))

    def _labels(self) -> tuple[str, ...]:
        return told_apart([visible(name) for name in self.feature_names])[1]

    def _check_one_output(self, method: str) -> None:
        if self.output_shape:
            raise InputError(
                f"output: {there_are(self.n_outputs, 'output')}; choose one, "
                f"for example output(0).{method}()."
            )
