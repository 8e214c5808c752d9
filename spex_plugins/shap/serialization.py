"""Settings that SHAP's ``save`` and ``load`` leave out, in SHAP's file format, after what SHAP writes itself.

SHAP saves the model, the masker and the link, but no other attribute of an explainer. It also calls the class
that is named in a file with arguments by name, though the constructor of a subclass may have other arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from os import PathLike
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import shap
from shap._serializable import Deserializer, Serializer

from spex_plugins.errors import InputError
from spex_plugins.files import replacing

__all__ = ["SavedWithSettings"]

_BLOCK, _VERSION = "spex_plugins.SpexExplainer", 0
_BY_SHAP = {"model", "masker", "link"}


class SavedWithSettings:
    """Methods of an explainer that is saved with all its attributes."""

    def save(self, out_file: Any, model_saver: Any = ".save", masker_saver: Any = ".save") -> None:
        """Write the explainer with all its settings, as `shap.Explainer.save` does.

        Parameters
        ----------
        out_file : file object or path-like
            Open for writing bytes; nothing is written if the explainer cannot be saved. The file at a path is
            replaced once the new one is complete.
        model_saver, masker_saver : str or callable
            As in `shap.Explainer.save`.
        """  # numpydoc ignore=RS01
        with _complete(out_file) as file:
            _loadable(self).save(file, model_saver, masker_saver)
            _save_settings(self, file)

    @classmethod
    def load(
        cls, in_file: Any, model_loader: Any = None, masker_loader: Any = None, instantiate: bool = True
    ) -> Any:
        """Read what `save` wrote; `shap.Explainer.load` reads it too.

        Parameters
        ----------
        in_file : file object or path-like
            Open for reading bytes.
        model_loader, masker_loader : callable, optional
            As in `shap.Explainer.load`.
        instantiate : bool
            Return the explainer, else a dict of its attributes.

        Returns
        -------
        SpexExplainer or dict
            The constructor of a subclass is not called; its attributes are restored.

        Raises
        ------
        InputError
            If the file holds an explainer of another class.
        """
        if isinstance(in_file, str | PathLike):
            with open(in_file, "rb") as file:
                return cls.load(file, model_loader, masker_loader, instantiate)
        explainer = _SavedExplainer.load(in_file, model_loader, masker_loader, instantiate)
        if not instantiate:
            return explainer["arguments"]
        if not isinstance(explainer, cls):
            raise InputError(f"in_file: holds {explainer!r:.80}, which is no {cls.__name__}.")
        return explainer


class _SavedExplainer(shap.Explainer):  # type: ignore[misc]
    """Replaces the class of an explainer in a file, and returns an explainer of that class when it is called.

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
        """Do nothing; SHAP reads the names of the arguments."""

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


@contextmanager
def _complete(out_file: Any) -> Iterator[BinaryIO]:
    """Open a file whose content is written to ``out_file`` once it is complete."""
    if isinstance(out_file, str | PathLike):
        with replacing(out_file) as file:
            yield file
        return
    with TemporaryFile() as file:
        yield file
        file.seek(0)
        copyfileobj(file, out_file)


def _save_settings(explainer: Any, out_file: Any) -> None:
    """Write the class, and every attribute that SHAP does not write, under the names of the constructor."""
    names = sorted(set(vars(explainer)) - _BY_SHAP)
    with Serializer(out_file, _BLOCK, version=_VERSION) as block:
        block.save("kind", type(explainer))
        block.save("settings", {name: vars(explainer)[name] for name in names})


def _loadable(explainer: Any) -> Any:
    """Return a copy of an explainer, of a class that SHAP can load."""
    explainer = copy(explainer)
    explainer.__class__ = _SavedExplainer
    if isinstance(explainer.model, shap.models.TransformersPipeline):
        # SHAP calls the model's own save, whose file shap.models.TransformersPipeline.load cannot read.
        explainer.model = _Pickled(explainer.model)
    return explainer


class _Pickled:
    """Has no ``save``, so that SHAP pickles it; unpickled it is the object itself."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def __reduce__(self) -> tuple[Any, ...]:
        return _content, (self.content,)


def _content(content: Any) -> Any:
    return content
