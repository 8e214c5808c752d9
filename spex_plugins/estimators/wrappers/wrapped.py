"""An estimator that chooses its masks as another one does."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.designs.continued import Known
from spex_plugins.core.designs.design import Design
from spex_plugins.estimators.base import Estimator

__all__ = ["Wrapped"]


class Wrapped(Estimator):
    """Base of estimators that differ from another one in the fit only.

    Parameters
    ----------
    estimator : Estimator
        Chooses the masks.
    """

    def __init__(self, estimator: Estimator) -> None:
        self.estimator = estimator
        self.name, self.decodes, self.about = estimator.name, estimator.decodes, estimator.about

    def draw(  # numpydoc ignore=PR01,RT01
        self, n: int, budget: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks of the estimator."""
        return self.estimator.draw(n, budget, max_order, rng)

    def sequence(  # numpydoc ignore=PR01,RT01
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks of the estimator for a run in rounds."""
        return self.estimator.sequence(n, first, most, max_order, rng)

    def continued(  # numpydoc ignore=PR01,RT01
        self, fresh: Design, known: Known, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks of the estimator of which some are known."""
        return self.estimator.continued(fresh, known, max_order, rng)
