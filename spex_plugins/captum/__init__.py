"""SPEX as a Captum perturbation method: `Spex` returns attributions and, on request, interactions."""

from spex_plugins.errors import MissingExtraError

try:
    import captum.attr as _captum  # noqa: F401
except ImportError as error:
    raise MissingExtraError(
        'spex_plugins.captum needs Captum: pip install "spex-plugins[captum]".'
    ) from error

from spex_plugins.captum.features import feature_ids
from spex_plugins.captum.games.game import game_forward
from spex_plugins.captum.image import image_and_regions, image_feature_mask
from spex_plugins.captum.llm.cache import CacheWarning
from spex_plugins.captum.llm.llm_attribution import SpexLLMAttribution
from spex_plugins.captum.llm.result import SpexLLMAttributionResult
from spex_plugins.captum.spex import Spex
from spex_plugins.regions import Grid, Superpixels

__all__ = [
    "CacheWarning",
    "Grid",
    "Spex",
    "SpexLLMAttribution",
    "SpexLLMAttributionResult",
    "Superpixels",
    "feature_ids",
    "game_forward",
    "image_and_regions",
    "image_feature_mask",
]
