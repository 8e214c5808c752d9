"""An index of an explanation as integers, slices and lists of integers, which SHAP's slicer supports.

For a mask on lists (as texts have) the slicer selects rows 0 and 1, for an empty list all rows; it fails on
a pandas Series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from shap.utils import OpChain
from slicer import Obj, Slicer

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

__all__ = ["all_axes", "axes_left", "axes_of", "empty_arrays", "positions", "replaced"]

_NAMED = ("feature_names", "output_names", "instance_names")


def all_axes(item: Any, n_axes: int) -> tuple[Any, ...]:
    """Return an index without ``...``, after which SHAP does not find the name of an output."""
    items = item if isinstance(item, tuple) else (item,)
    dots = [k for k, one in enumerate(items) if one is Ellipsis]
    if len(items) - len(dots) > n_axes or len(dots) > 1:
        raise IndexError(f"index: the explanation has {n_axes} axes, {len(items)} items were given.")
    if not dots:
        return items
    rest = (slice(None),) * (n_axes + 1 - len(items))
    return (*items[: dots[0]], *rest, *items[dots[0] + 1 :])


def positions(explanation: Any, items: Sequence[Any]) -> tuple[int | slice | list[int], ...]:
    """Return the items of an index, one per axis, as integers, slices and lists of integers.

    Parameters
    ----------
    explanation : shap.Explanation
    items : sequence
        Integers, slices, names, masks, arrays of integers or names, explanations whose values are such, and
        SHAP's operations like ``shap.Explanation.abs.mean(0).argsort``.
    """
    return tuple(_on_axis(explanation, axis, item) for axis, item in enumerate(items))


def axes_of(slicer: Any, name: str) -> list[int]:
    """Return the axes of the values that something in SHAP's slicer has: names, data, base values."""
    tracked = slicer._aliases.get(name) or slicer._objects.get(name)
    return [] if tracked is None else list(tracked.dim)


def axes_left(axes: Iterable[int], removed: Collection[int]) -> list[int]:
    """Return the numbers of axes where some are removed."""
    return [axis - sum(one < axis for one in removed) for axis in axes if axis not in removed]


def replaced(slicer: Any, **tracked: Any) -> Any:
    """Return a slicer with other content under some names (`slicer.Obj` or `slicer.Alias`)."""
    return Slicer(**(dict(slicer._iter_tracked(include_aliases=True)) | tracked))


def empty_arrays(slicer: Any, places: Sequence[Any]) -> dict[str, Any]:
    """Return the arrays of which nothing is chosen on an axis; the slicer forgets their other axes."""
    every = dict(enumerate(places))
    chosen = [axis for axis, place in every.items() if isinstance(place, int)]
    parts = {}
    for name, one in slicer._iter_tracked():
        if isinstance(one.o, np.ndarray) and one.o.ndim == len(one.dim):
            part = one.o[tuple(every.get(axis, slice(None)) for axis in one.dim)]
            if isinstance(part, np.ndarray) and part.dtype == object and not part.size:
                part = part.astype(float)  # the slicer takes no objects at all for a number
            parts[name] = Obj(part, axes_left(one.dim, chosen))
    return parts


def _on_axis(explanation: Any, axis: int, item: Any) -> int | slice | list[int]:
    if isinstance(item, OpChain):
        item = item.apply(explanation)
    if isinstance(item, shap.Explanation):
        item = item.values
    if isinstance(item, slice):
        return item
    plain = item if isinstance(item, str | list) else np.asarray(item).tolist()
    if isinstance(plain, str):
        places = _named(explanation, axis, plain)
        return places[0] if len(places) == 1 else places
    if isinstance(plain, int) and not isinstance(plain, bool):
        return plain
    if isinstance(plain, list):
        if any(isinstance(one, str) for one in plain):
            return [place for one in plain for place in _listed(_on_axis(explanation, axis, one))]
        array = np.array(plain)
        if array.ndim == 1 and array.dtype == bool:
            if len(array) != explanation.shape[axis]:
                length = explanation.shape[axis]
                raise IndexError(f"index: axis {axis} has length {length}, the mask {len(array)}.")
            array = np.flatnonzero(array)
        if array.ndim == 1 and not len(array):
            return slice(0, 0)
        if array.ndim == 1 and array.dtype.kind in "iu":
            return array.tolist()
    raise IndexError(
        f"index: axis {axis} takes an integer, a slice, a name, a mask, or a list of these, got {item!r:.80}."
    )


def _named(explanation: Any, axis: int, name: str) -> list[int]:
    """Return where a name stands on an axis."""
    slicer = explanation._s
    lists = [getattr(slicer, kind) for kind in _NAMED if axes_of(slicer, kind) == [axis]]
    places = sorted({k for names in lists for k, one in enumerate(names) if str(one) == name})
    if not places:
        known = [str(one) for names in lists for one in names]
        remedy = f"choose one of {known!r:.300}" if known else f"axis {axis} has no names"
        raise InputError(f"index: {name!r} is unknown; {remedy}.")
    return places


def _listed(place: Any) -> list[int]:
    return place if isinstance(place, list) else [place]
