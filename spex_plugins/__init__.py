"""Sparse spectral explanations (SPEX) for SHAP, Captum and plain Python: which features matter together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spex_plugins.api import explain, fit
from spex_plugins.core.basis.indices import INDICES
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.cost import RunPlan, plan
from spex_plugins.errors import (
    FewSamplesWarning,
    InputError,
    MissingExtraError,
    MissingReplyWarning,
    PartialAnswerError,
    SpexError,
    StoreError,
    TruncatedReplyWarning,
    UnidentifiableWarning,
    ValueFunctionError,
)
from spex_plugins.levels import LevelsExplained, explain_levels
from spex_plugins.noisy import NoisyExplained, explain_noisy
from spex_plugins.queries import Queries
from spex_plugins.recordings import Recording
from spex_plugins.result.index_table import IndexTable
from spex_plugins.result.interactions import Interactions
from spex_plugins.result.row_table import RowTable, over_rows
from spex_plugins.result.subsets.subset_answer import SubsetAnswer

if TYPE_CHECKING:
    from spex_plugins.comparison.compare import compare

__all__ = [
    "INDICES",
    "FewSamplesWarning",
    "IndexTable",
    "InputError",
    "Interactions",
    "LevelsExplained",
    "MissingExtraError",
    "MissingReplyWarning",
    "NoisyExplained",
    "PartialAnswerError",
    "Queries",
    "Recording",
    "RowTable",
    "RunPlan",
    "Spectrum",
    "SpexError",
    "StoreError",
    "SubsetAnswer",
    "TruncatedReplyWarning",
    "UnidentifiableWarning",
    "ValueFunctionError",
    "compare",
    "explain",
    "explain_levels",
    "explain_noisy",
    "fit",
    "over_rows",
    "plan",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "compare":  # has no part in an explanation, and is loaded on its first use
        from spex_plugins.comparison.compare import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
