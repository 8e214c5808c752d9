"""An estimator that draws its masks from those of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.designs.choose import Plan
from spex_plugins.core.designs.design import Design
from spex_plugins.core.designs.size_law import EVERY_INDEX, UNIFORM_INDICES
from spex_plugins.errors import InputError
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.recordings.recorded_answers import ALL_SIZES, UNIFORM
from spex_plugins.types import BoolArray, FloatArray

if TYPE_CHECKING:
    from spex_plugins.recordings.recording import Recording

__all__ = ["RecordedMasks"]


@dataclass(frozen=True, eq=False)
class _RecordedDesign(Design):
    """Masks that were drawn from recorded ones of a kind."""

    source: str = ""

    @property
    def statement(self) -> str:
        """What was drawn, in words."""
        return f"{len(self.masks)} of {self.source}"


class RecordedMasks(Estimator):
    """An estimator that draws its masks from those of an incomplete recording.

    An estimator that draws masks of all sizes gets recorded masks of all sizes, any other uniform ones; where
    none of that kind were recorded, all recorded masks. Coded designs cannot be drawn, so that nothing is
    decoded from them.

    Parameters
    ----------
    method : Estimator
        Fits the function.
    recording : Recording
        Its masks.
    """

    def __init__(self, method: Estimator, recording: Recording) -> None:
        self.method, self.recording = method, recording
        self.name = method.name
        self.about = f"{method.about}; the masks are drawn from recorded ones"

    def reading(self, index: str | None) -> RecordedMasks:
        """Return the estimator for an index that will be read.

        Parameters
        ----------
        index : str, optional
            A key of `spex_plugins.INDICES`; None changes nothing.

        Returns
        -------
        RecordedMasks
            Told the index.

        Raises
        ------
        InputError
            If the index is unknown, and the estimator chooses by it.
        """
        return RecordedMasks(self.method.reading(index), self.recording)

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw recorded masks, see `Recording.sample`."""
        if n != self.recording.n:
            raise InputError(
                f"estimator: it draws masks of {self.recording.n} features, and {n} are explained."
            )
        wished = min(budget, len(self.recording))
        plan = self.method.draw(n, wished, max_order, np.random.default_rng(0)).plan
        kind = _kind(plan)
        known = kind in self.recording.kinds
        masks, _ = self.recording.sample(wished, kind=kind if known else None, seed=rng)
        n_structured = len(masks) if known else 0  # what is not known passes for uniform, as in `fit`
        if known and kind == UNIFORM:
            n_structured = int((masks == masks[:, :1]).all(axis=1).sum())
        source = f"{len(self.recording)} recorded masks" + (f" ({kind})" if known else "")
        chosen = Plan("uniform", n, budget, plan.max_order)
        return _RecordedDesign(chosen, masks, n_structured, source=source)

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw recorded masks, also where the budget allows all 2^n."""
        return self.draw(n, budget, max_order, rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Draw recorded masks in an order that may end anywhere."""
        return self.draw(n, most, max_order, rng)

    def fit_samples(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K)."""
        return self.method.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)


def _kind(plan: Plan) -> str:
    """Return the kind of recorded masks that stands for the masks of a plan."""
    of_all_sizes = plan.kind == "repulsive" and plan.index not in {*UNIFORM_INDICES, EVERY_INDEX}
    return ALL_SIZES if of_all_sizes else UNIFORM
