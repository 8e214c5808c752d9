"""SPEX as a SHAP explainer: `SpexExplainer` in place of `shap.Explainer`, with interactions."""

from spex_plugins.errors import MissingExtraError

try:
    import shap as _shap  # noqa: F401
except ImportError as error:
    raise MissingExtraError('spex_plugins.shap needs SHAP: pip install "spex-plugins[shap]".') from error

from spex_plugins.regions import Grid, Superpixels
from spex_plugins.shap.explainer import SpexExplainer
from spex_plugins.shap.explanation.spex_explanation import SpexExplanation
from spex_plugins.shap.images.grouped_image import GroupedImage
from spex_plugins.shap.models.game_model import as_model
from spex_plugins.shap.texts.grouped_text import GroupedText

__all__ = [
    "Grid",
    "GroupedImage",
    "GroupedText",
    "SpexExplainer",
    "SpexExplanation",
    "Superpixels",
    "as_model",
]
