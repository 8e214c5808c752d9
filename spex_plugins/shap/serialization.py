"""What SHAP's ``save`` and ``load`` miss, written in SHAP's own file format after what SHAP writes itself.

SHAP saves the model, the masker and the link; everything else that a constructor takes would be forgotten.
"""

from __future__ import annotations

import inspect
from copy import copy
from typing import Any

import shap
from shap._serializable import Deserializer, Serializer

__all__ = ["load_settings", "loadable", "save_settings"]

_BLOCK, _VERSION = "spex_plugins.SpexExplainer", 0
_NOT_OURS = {"self", "model", "masker", "link", "algorithm"}


def save_settings(explainer: Any, out_file: Any) -> None:
    """Write every argument of the constructor that SHAP does not; each is an attribute of its own name."""
    names = set(inspect.signature(type(explainer).__init__).parameters) - _NOT_OURS
    with Serializer(out_file, _BLOCK, version=_VERSION) as block:
        block.save("settings", {name: getattr(explainer, name) for name in sorted(names)})


def load_settings(in_file: Any) -> dict[str, Any]:
    """Read what `save_settings` wrote: arguments for the constructor."""
    with Deserializer(in_file, _BLOCK, min_version=_VERSION, max_version=_VERSION) as block:
        settings: dict[str, Any] = block.load("settings")
    return settings


def loadable(explainer: Any) -> Any:
    """Return an explainer that SHAP saves in a way that SHAP can load."""
    if not isinstance(explainer.model, shap.models.TransformersPipeline):
        return explainer
    # SHAP calls the model's own save, whose file shap.models.TransformersPipeline.load cannot read.
    explainer = copy(explainer)
    explainer.model = _Pickled(explainer.model)
    return explainer


class _Pickled:
    """Has no ``save``, so SHAP pickles it, and is the object itself when it comes back."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def __reduce__(self) -> tuple[Any, ...]:
        return _content, (self.content,)


def _content(content: Any) -> Any:
    return content
