"""Parts of docstrings that the plots of terms share, filled in where a function is defined."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_shared_docs"]

_Function = TypeVar("_Function", bound="Callable[..., object]")

_PARTS = {
    "which": """
        interactions : Interactions
            The explanation of one example, or an object with the attribute ``interactions``.
        index : str
            A key of `spex_plugins.INDICES` other than "Fourier", for the interactions.
        order : int, optional
            Largest number of features in a set; by default 2, or 3 where the spectrum has sets of three.
        """,
    "names": """
        output : int, optional
            Which of K outputs, from 0; needed where there are several.
        words : sequence of str, optional
            Texts of the n features, by default their names.
        title : str, optional
            Heading of the picture.
        """,
    "axes": """
        ax : matplotlib Axes, optional
            Where to draw, by default a new figure.
        """,
    "raises": """
        InputError
            If an argument cannot be used.
        MissingExtraError
            If matplotlib is not installed.
        """,
}


def with_shared_docs(function: _Function) -> _Function:
    """Replace ``{which}``, ``{names}``, ``{axes}`` and ``{raises}`` in the docstring of a function."""
    if function.__doc__:  # which python -OO leaves out
        parts = {name: cleandoc(part) for name, part in _PARTS.items()}
        function.__doc__ = cleandoc(function.__doc__).format(**parts)
    return function
