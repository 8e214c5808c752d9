"""What ends a run in rounds: R² on left-out masks, or the deviations of the values that will be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.basis.scaling import norms
from spex_plugins.errors import InputError
from spex_plugins.estimators.common.fit_result import Fit

__all__ = ["Target"]

_GOOD = 0.99  # R² at which a run without a target ends
_LARGEST = 10  # single values whose deviations count


@dataclass(frozen=True)
class Target:
    """Targets of a run; with none, R² = 0.99.

    Attributes
    ----------
    r2 : float, optional
        R² on left-out masks, less its standard error.
    deviation : float, optional
        Largest standard deviation of the ten largest single values, in the unit of the value function.
    index : str, optional
        What will be read; the single values are Shapley or Banzhaf values accordingly.
    """

    r2: float | None = None
    deviation: float | None = None
    index: str | None = None

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return self.r2 is not None or self.deviation is not None

    def reached(self, result: Fit, r2: float, error: float) -> bool:
        """Tell whether a fit, with its R² and the error of that, reaches all targets.

        Raises
        ------
        InputError
            If a deviation is wanted and the estimator gives none.
        """
        least = self.r2 if self.given else _GOOD
        enough = least is None or r2 - error >= least
        return enough and (self.deviation is None or self._deviation(result) <= self.deviation)

    def _deviation(self, result: Fit) -> float:
        known = result.function.single_values(self.index or "BV")
        largest = np.argsort(-norms(known.values), kind="stable")[:_LARGEST]
        found = np.asarray(known.deviations)[largest]
        if np.isnan(found).any():
            raise InputError(
                "target_deviation: this fit of the estimator has no standard deviations; use 'auto', which "
                "takes one that has them."
            )
        return float(found.max())
