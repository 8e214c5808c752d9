"""Explanations that rest on too few samples: told once for a call, with the argument that mends it."""

from __future__ import annotations

import warnings

import numpy as np

from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.errors import FewSamplesWarning
from spex_plugins.estimators.held_out import TOO_FEW
from spex_plugins.result.interactions import Interactions

__all__ = ["FewSamples"]

_PER_FEATURE = 2  # masks; with fewer not even an additive function is known
_LEAST_R2 = 0.2


class FewSamples:
    """Collects what is wrong with the explanations of one call.

    Parameters
    ----------
    argument : str
        What the user gives to have more samples.
    remedy : str
        What to do.
    """

    def __init__(self, argument: str, remedy: str) -> None:
        self._argument, self._remedy = argument, remedy
        self._complaints: list[str] = []

    def see(self, found: Interactions) -> Interactions:
        """Look at an explanation, over the features that can change anything, and return it."""
        complaint = _complaint(found)
        if complaint:
            self._complaints.append(
                f"{found.n_calls + found.n_stored} masks of {found.n} features: {complaint}"
            )
        return found

    def warn(self, stacklevel: int) -> None:
        """Warn once, if anything was wrong; ``stacklevel`` as in `warnings.warn`, of the caller.

        Warns
        -----
        FewSamplesWarning
            If there were fewer masks than two for each feature, if they were too few to measure R², or if
            it is below 0.2 (the median of several outputs).
        """
        if not self._complaints:
            return
        more = len(self._complaints) - 1
        others = f" (and so are {more} more explanations)" if more else ""
        warnings.warn(
            f"{self._argument}: {self._complaints[0]}. The values are not reliable{others}; {self._remedy}.",
            FewSamplesWarning,
            stacklevel=stacklevel + 1,
        )


def _complaint(found: Interactions) -> str:
    """Return what is wrong, "" if nothing is."""
    masks = found.n_calls + found.n_stored
    if all_masks_within(found.n, masks):
        return ""
    if masks < _PER_FEATURE * found.n:
        return "there should be two for each feature at least"
    r2 = found.r2[np.isfinite(found.r2)]
    if not r2.size:
        return "they are too few to measure R²" if found.r2_source == TOO_FEW else ""
    return f"R² is {np.median(r2):.2f}" if np.median(r2) < _LEAST_R2 else ""
