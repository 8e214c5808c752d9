"""Sparse spectral explanations (SPEX) for SHAP, Captum and plain Python: which features matter together."""

from spex_plugins.api import explain, fit
from spex_plugins.core.indices import INDICES
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.errors import (
    InputError,
    MissingExtraError,
    PartialAnswerError,
    SpexError,
    ValueFunctionError,
)
from spex_plugins.index_table import IndexTable
from spex_plugins.interactions import Interactions
from spex_plugins.queries import Queries

__all__ = [
    "INDICES",
    "IndexTable",
    "InputError",
    "Interactions",
    "MissingExtraError",
    "PartialAnswerError",
    "Queries",
    "Spectrum",
    "SpexError",
    "ValueFunctionError",
    "explain",
    "fit",
]

__version__ = "0.1.0"
