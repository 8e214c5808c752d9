"""Exact digests of parameters and data for fingerprints, where `repr` would abbreviate arrays."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from spex_plugins.queries.store.digest import digest_of_data

__all__ = ["digest_of_value"]

_EXACT = {"datetime", "decimal", "fractions", "uuid"}  # modules whose objects `repr` writes completely
_LIBRARIES = {"builtins", "numpy", "scipy", "sklearn"}  # whose functions and classes their names identify


def digest_of_value(value: Any) -> str | None:
    """Return a digest that is the same in every process, and differs where the content of a value does.

    Parameters
    ----------
    value : object
        Numbers, texts, arrays, random generators, containers of these, functions and classes of NumPy, SciPy
        and scikit-learn, and their objects. A scikit-learn estimator is its class and its parameters.

    Returns
    -------
    str or None
        64 hexadecimal digits; None where some part is of another type, such as a function of the user, which
        may read anything.
    """
    if isinstance(value, np.ndarray | np.generic) and not _holds_objects(value):
        return digest_of_data("array", repr(value.dtype.descr), np.asarray(value))
    found = _parts_of(value)
    if found is None:
        return None
    text, parts = found
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    digests = [digest_of_value(part) for part in parts]
    return None if None in digests else digest_of_data(kind, text, *map(str, digests))


def _holds_objects(array: Any) -> bool:
    return array.dtype.hasobject or isinstance(array, np.ma.MaskedArray)


def _parts_of(value: Any) -> tuple[str, list[Any]] | None:
    """Return a text and the parts that, with its type, make up a value; None if unknown."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value), []
    if isinstance(value, np.ma.MaskedArray):
        return "", [np.ma.getdata(value), np.ma.getmaskarray(value)]
    if isinstance(value, np.ndarray):
        return f"{value.dtype.descr!r} {value.shape}", [value.tolist()]
    if isinstance(value, list | tuple):
        return f"{len(value)}", list(value)
    if isinstance(value, Mapping):
        return _of_unordered(value.items())
    if isinstance(value, set | frozenset):
        return _of_unordered(value)
    if isinstance(value, slice):
        return "", [value.start, value.stop, value.step]
    if isinstance(value, np.random.RandomState):
        return "", [value.get_state()]
    if isinstance(value, np.random.Generator):
        return "", [value.bit_generator.state]
    return _of_object(value)


def _of_unordered(values: Any) -> tuple[str, list[Any]] | None:
    """Return the digests of values in an order that is the same in every process."""
    digests = [digest_of_value(value) for value in values]
    return None if None in digests else (" ".join(sorted(map(str, digests))), [])


def _of_object(value: Any) -> tuple[str, list[Any]] | None:
    module = type(value).__module__.split(".")[0]
    if module in _EXACT or _is_pandas_scalar(value):
        return repr(value), []
    if isinstance(value, np.dtype):
        return repr(value.descr), []
    if (name := _name_in_library(value)) is not None:
        return name, []
    if hasattr(value, "get_params") and hasattr(value, "fit") and not isinstance(value, type):
        return _of_estimator(value)
    if module in _LIBRARIES - {"builtins"} and hasattr(value, "__dict__"):  # kernels, scorers, splitters
        return "", [vars(value)]
    return None


def _of_estimator(value: Any) -> tuple[str, list[Any]] | None:
    from sklearn.base import BaseEstimator

    usual = getattr(BaseEstimator, "__sklearn_clone__", None)
    if getattr(type(value), "__sklearn_clone__", usual) is not usual:  # copies keep what was fitted before
        return None
    return "", [value.get_params(deep=False)]


def _name_in_library(value: Any) -> str | None:
    """Return the name of a function or class of a library that can be found by it."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str):
        return None
    modules = [getattr(value, "__module__", None), "numpy", "scipy.special"]
    for module in [str(one) for one in modules if str(one).split(".")[0] in _LIBRARIES]:
        if getattr(sys.modules.get(module), name, None) is value:
            return f"{module}.{name}"
    return None


def _is_pandas_scalar(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    is_its_own = pandas is not None and type(value).__module__.split(".")[0] == "pandas"
    return bool(is_its_own and pandas is not None and pandas.api.types.is_scalar(value))
