"""Outputs that tell the same: two classes with probabilities p and 1 − p, or copies in other units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.basis.scaling import Scaling, standardised
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.types import FloatArray, IntArray

__all__ = ["DistinctOutputs"]

_ALIKE = 1 - 1e-12  # correlation from which on outputs are compared value by value
_ROUNDING = 1e-10  # of the standard deviation; what a fit makes of it is less than its own rounding errors


@dataclass(frozen=True, eq=False)
class DistinctOutputs:
    """K outputs, each of which is centre + factor · one of K' outputs.

    Attributes
    ----------
    first : ndarray of int, shape (K',)
        The outputs that are not like one before.
    like : ndarray of int, shape (K,)
        Which of these every output is like.
    scaling : Scaling
        Of all K outputs.
    """

    first: IntArray
    like: IntArray
    scaling: Scaling

    @classmethod
    def of(cls, values: FloatArray) -> DistinctOutputs:
        """Compare the outputs of values (m, K)."""
        scaled, _, spread = standardised(values)
        products = scaled.T @ scaled / len(scaled)
        outputs = np.arange(values.shape[1])
        model = outputs.copy()
        for output in outputs:
            alike = outputs[(np.abs(products[output]) >= _ALIKE) & (outputs > output) & (model == outputs)]
            if model[output] == output and len(alike):
                signs = np.sign(products[output, alike])
                apart = np.abs(scaled[:, alike] - signs * scaled[:, [output]]).max(axis=0)
                model[alike[apart <= _ROUNDING]] = output
        first, like = np.unique(model, return_inverse=True)
        sign = np.sign(products[outputs, model])
        unit = np.where(spread > 0, spread, 1.0)[model]
        factor = np.where(model == outputs, 1.0, sign * spread / unit)
        return cls(first, like, Scaling(values[0] - factor * values[0, model], factor))

    def all_outputs(self, fit: Fit) -> Fit:
        """Return the fit of all outputs from that of the first ones."""
        if len(self.first) == len(self.like):
            return fit
        function = fit.function.output(self.like).rescaled(self.scaling)
        error = None if fit.r2_error is None else fit.r2_error[self.like]
        return replace(fit, function=function, r2=fit.r2[self.like], r2_error=error)
