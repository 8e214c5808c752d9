"""Warning about too few samples, issued once per call, with the argument to change."""

from __future__ import annotations

import warnings

import numpy as np

from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.errors import FewSamplesWarning
from spex_plugins.estimators.common.held_out import TOO_FEW
from spex_plugins.result.interactions import Interactions
from spex_plugins.wording import counted

__all__ = ["FewSamples"]

_PER_FEATURE = 2  # masks; fewer do not determine an additive function
_LEAST_R2 = 0.2


class FewSamples:
    """Collect the explanations of one call that are based on too few samples.

    Parameters
    ----------
    argument : str
        The argument that determines the number of samples, as the user knows it.
    remedy : str
        What the user can do.
    """

    def __init__(self, argument: str, remedy: str) -> None:
        self._argument, self._remedy = argument, remedy
        self._complaints: list[str] = []

    def see(self, found: Interactions) -> Interactions:
        """Check an explanation of the features that can change the value, and return it."""
        complaint = _complaint(found)
        if complaint:
            masks = counted(found.n_calls + found.n_stored, "mask")
            self._complaints.append(f"{masks} of {counted(found.n, 'feature')}: {complaint}")
        return found

    def warn(self, stacklevel: int) -> None:
        """Issue one warning if an explanation is unreliable; ``stacklevel`` as in `warnings.warn`.

        Warns
        -----
        FewSamplesWarning
            If there are fewer than two masks per feature, if they are too few to measure R², or if R² is
            below 0.2 (the median of several outputs).
        """
        if not self._complaints:
            return
        more = len(self._complaints) - 1
        others = f" (the same holds for {counted(more, 'more explanation')})" if more else ""
        warnings.warn(
            f"{self._argument}: {self._complaints[0]}. The values are not reliable{others}; {self._remedy}.",
            FewSamplesWarning,
            stacklevel=stacklevel + 1,
        )


def _complaint(found: Interactions) -> str:
    """Return the reason why an explanation is unreliable, "" if there is none."""
    masks = found.n_calls + found.n_stored
    if all_masks_within(found.n, masks):
        return ""
    if masks < _PER_FEATURE * found.n:
        return f"there should be at least {_PER_FEATURE * found.n:,}, two for each feature"
    r2 = found.r2[np.isfinite(found.r2)]
    if not r2.size:
        return "they are too few to measure R²" if found.r2_source == TOO_FEW else ""
    return f"R² is {np.median(r2):.2f}" if np.median(r2) < _LEAST_R2 else ""
