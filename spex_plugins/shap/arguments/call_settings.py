"""The settings of one call of a `SpexExplainer`: its arguments, or else those of the constructor."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.shap.arguments.keywords import budget_from

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CallSettings", "call_settings"]


@dataclass(frozen=True)
class CallSettings:
    """Settings of one call; see `SpexExplainer.__call__`."""

    max_evals: int | Literal["auto"]
    main_effects: bool
    error_bounds: bool
    batch_size: int | Literal["auto"]
    outputs: Any
    interactions: bool
    silent: bool

    def __post_init__(self) -> None:
        evals = self.max_evals
        if evals != "auto" and not (isinstance(evals, int | np.integer) and evals >= 2):
            raise InputError(f'max_evals: must be "auto" or an integer ≥ 2, got {evals!r}.')
        if self.batch_size != "auto":
            check.count("batch_size", self.batch_size, 1, 'masks per model call, or "auto"')

    @property
    def limit(self) -> int | None:
        """Largest number of masks for a row, or None for "auto"."""
        return None if self.max_evals == "auto" else self.max_evals

    @property
    def masks_per_call(self) -> int | None:
        """Masks for one model call, or None for "auto", of which SHAP would make 5 or 10."""
        return None if self.batch_size == "auto" else self.batch_size


def call_settings(explainer: Any, given: Mapping[str, Any], keywords: Mapping[str, Any]) -> CallSettings:
    """Return the settings of a call.

    Parameters
    ----------
    explainer : SpexExplainer
        Has an attribute for every setting.
    given : mapping
        From every setting to what the call gives; None where it gives nothing.
    keywords : mapping
        Further keywords of the call, see `budget_from`.

    Raises
    ------
    InputError
        If max_evals is unusable or a keyword is unknown.
    """
    budget = budget_from(keywords, explainer.masker)
    settings = {one.name: getattr(explainer, one.name) for one in fields(CallSettings)}
    settings |= {} if budget is None else {"max_evals": budget}
    return CallSettings(**settings | {name: value for name, value in given.items() if value is not None})
