"""From what a user gives as methods to methods with distinct names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import Parameter, isclass, signature
from itertools import count
from typing import Any

from spex_plugins.comparison.methods.given import Given, is_explanation
from spex_plugins.comparison.methods.libraries.captum_methods import CaptumMethod, with_forward
from spex_plugins.comparison.methods.libraries.shap_explainers import ShapKernel, ShapMethod
from spex_plugins.comparison.methods.libraries.shapiq_objects import ShapiqApproximator
from spex_plugins.comparison.methods.method import Method
from spex_plugins.comparison.methods.named import METHODS
from spex_plugins.comparison.methods.ours import Ours
from spex_plugins.comparison.methods.user_function import UserFunction
from spex_plugins.errors import InputError
from spex_plugins.estimators.base import Estimator

__all__ = ["resolve_methods"]


def resolve_methods(methods: Any, inputs: int) -> tuple[list[Method], list[str]]:
    """Return the methods, and the names that they have in the report.

    Parameters
    ----------
    methods : sequence, or mapping of str to what is in the sequence
        Names, methods, estimators, explainers of SHAP, methods of Captum, functions, explanations, and lists
        of an explanation for each input.
    inputs : int
        Number of inputs.

    Returns
    -------
    methods : list of Method
    names : list of str
        Distinct: the second method of one name is called "name (2)".

    Raises
    ------
    InputError
        If there is no method, or one cannot be used.
    """
    if isinstance(methods, str):
        methods = [methods]
    if not hasattr(methods, "__iter__"):
        raise InputError(
            "methods: must be a list of methods or a dict of names and methods, "
            f"got {type(methods).__name__}; leave it out for the default methods."
        )
    named = list(methods.items()) if isinstance(methods, Mapping) else [(None, one) for one in methods]
    if not named:
        raise InputError(f"methods: give at least one, such as {', '.join(list(METHODS)[:3])}.")
    found = [_method(one, inputs, number) for number, (_, one) in enumerate(named)]
    return found, _distinct(
        [str(given or method.name) for (given, _), method in zip(named, found, strict=True)]
    )


def _distinct(names: list[str]) -> list[str]:
    """Return the names, the repeated ones numbered; a number that makes another method's name is left out."""
    distinct: list[str] = []
    for name in names:
        numbered = (f"{name} ({k})" for k in count(2))
        taken = {*names, *distinct}
        distinct.append(name if name not in distinct else next(one for one in numbered if one not in taken))
    return distinct


def _method(value: Any, inputs: int, number: int) -> Method:
    if isinstance(value, str):
        if value not in METHODS:
            raise InputError(f"methods: {value!r} is unknown; the names are {', '.join(METHODS)}.")
        return METHODS[value]()
    if isinstance(value, Estimator):
        return Ours(value)
    if not isclass(value) and all(
        hasattr(value, name) for name in ("name", "kind", "asks", "least", "explain")
    ):
        return value
    kinds = _kinds(value)
    if "captum" in kinds:
        factory = (
            value
            if callable(value) and (isclass(value) or isinstance(value, partial))
            else with_forward(value)
        )
        return CaptumMethod(factory, f"captum:{_name(value)}")
    if "shap" in kinds and (isclass(value) or isinstance(value, partial)):
        return ShapKernel() if "Kernel" in _name(value) else ShapMethod(value, f"shap:{_name(value)}")
    if "shap" in kinds and not hasattr(value, "base_values"):
        raise InputError(
            f"methods[{number}]: this {_name(value)} belongs to a model of its own; give its class, or a "
            "function of a model and a masker that returns it."
        )
    if is_explanation(value):
        return Given([value])
    if isinstance(value, Sequence) and len(value) == inputs and all(map(is_explanation, value)):
        return Given(value)
    if "shapiq" in kinds:
        return _of_shapiq(value, number)
    if callable(value):
        return _factory(value, number)
    raise InputError(
        f"methods[{number}]: {type(value).__name__} is no method; give a name, an estimator, a class of SHAP "
        f"or Captum, a function, or an explanation for each of {inputs} inputs."
    )


def _of_shapiq(value: Any, number: int) -> Method:
    kind = value.func if isinstance(value, partial) else value
    if not hasattr(kind, "approximate"):
        raise InputError(
            f"methods[{number}]: {_name(value)} is no approximator; give a class or an object of "
            "shapiq.approximator."
        )
    return ShapiqApproximator(value, f"shapiq:{_name(value)}")


def _factory(function: Callable[..., Any], number: int) -> Method:
    """Tell by its number of required arguments what a function makes."""
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):
        raise InputError(
            f"methods[{number}]: the arguments of {_name(function)} are not known; give a function of "
            "value_function, n, budget and seed that calls it."
        ) from None
    required = [one.name for one in parameters if one.kind in kinds and one.default is Parameter.empty]
    name = _name(function)
    match len(required):
        case 1:
            return CaptumMethod(function, name)
        case 2 | 3 if "seed" in required or len(required) == 2:
            return ShapMethod(function, name)
        case 4:
            return UserFunction(function, name)
    raise InputError(
        f"methods[{number}]: {name} takes {len(required)} arguments; give a function of a forward function "
        "(for Captum), of a model and a masker (for SHAP), or of value_function, n, budget and seed."
    )


def _kinds(value: Any) -> set[str]:
    """Return the packages that the class of an object, or a class, comes from."""
    value = value.func if isinstance(value, partial) else value
    cls = value if isclass(value) else type(value)
    return {base.__module__.partition(".")[0] for base in cls.__mro__}


def _name(value: Any) -> str:
    value = value.func if isinstance(value, partial) else value
    return str(getattr(value, "__name__", type(value).__name__))
