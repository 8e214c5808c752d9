"""What SHAP's ``save`` and ``load`` miss, written in SHAP's own file format after what SHAP writes itself.

SHAP saves the model, the masker and the link; everything else that an explainer holds would be forgotten. It
also calls the class that it finds in a file with arguments by name, and a subclass may have any other.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import shap
from shap._serializable import Deserializer, Serializer

__all__ = ["SavedExplainer", "loadable", "save_settings"]

_BLOCK, _VERSION = "spex_plugins.SpexExplainer", 0
_BY_SHAP = {"model", "masker", "link"}


class SavedExplainer(shap.Explainer):  # type: ignore[misc]
    """Stands in a file for the class of an explainer, and makes an explainer of that class when it is called.

    Parameters
    ----------
    kind : type
        `SpexExplainer` or a subclass, whose own constructor is not called.
    arguments : dict
        Of the constructor of `SpexExplainer`, and attributes of the subclass.
    """

    def __new__(cls, kind: Any, arguments: dict[str, Any]) -> Any:
        return kind._restored(arguments)

    def __init__(self, kind: Any, arguments: dict[str, Any]) -> None:
        """Do nothing: it names the arguments for SHAP."""

    @classmethod
    def load(
        cls, in_file: Any, model_loader: Any = None, masker_loader: Any = None, instantiate: bool = True
    ) -> Any:
        """Read the arguments, or with ``instantiate`` the explainer."""
        if instantiate:
            return super().load(in_file, model_loader, masker_loader)
        arguments = super().load(in_file, model_loader, masker_loader, instantiate=False)
        with Deserializer(in_file, _BLOCK, min_version=_VERSION, max_version=_VERSION) as block:
            kind, settings = block.load("kind"), block.load("settings")
        return {"kind": kind, "arguments": arguments | settings}


def save_settings(explainer: Any, out_file: Any) -> None:
    """Write the class and every attribute that SHAP does not, named as arguments of the constructor are."""
    names = sorted(set(vars(explainer)) - _BY_SHAP)
    with Serializer(out_file, _BLOCK, version=_VERSION) as block:
        block.save("kind", type(explainer))
        block.save("settings", {name: vars(explainer)[name] for name in names})


def loadable(explainer: Any) -> Any:
    """Return an explainer that SHAP saves in a way that SHAP can load."""
    explainer = copy(explainer)
    explainer.__class__ = SavedExplainer
    if isinstance(explainer.model, shap.models.TransformersPipeline):
        # SHAP calls the model's own save, whose file shap.models.TransformersPipeline.load cannot read.
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
