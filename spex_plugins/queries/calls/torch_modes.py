"""Whether the torch modules that a function calls are in a training mode that changes its outputs."""

from __future__ import annotations

import dis
import sys
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_modes"]

_DEPTH = 4  # from a function to its model: a lambda that calls a method of an object that holds it
_WIDTH = 100  # a container of more objects is no ensemble of models


def check_modes(function: Any, argument: str, depth: int = _DEPTH) -> None:
    """Raise an error if a module of a function is in a training mode that changes its outputs.

    Modules are searched in the function itself, in the objects that methods, partials and closures are bound
    to, in the global names that its code reads, and in the attributes of objects.

    Parameters
    ----------
    function : callable
    argument : str
        Its name in the error.
    depth : int
        Number of steps from the function to a module.

    Raises
    ------
    InputError
        If outputs would be random (dropout), or depend on the other examples of a call (batch normalisation).
    """
    if sys.modules.get("torch") is None:  # imported by whoever made a module
        return
    for model in _modules(function, depth, set()):
        for name, module in model.named_modules():
            effect = _effect_of_training(module) if module.training else ""
            if effect:
                kind = getattr(module, "original_name", type(module).__name__)
                raise InputError(
                    f"{argument}: its module {name or 'model'!r} ({kind}) is in training mode, so that its "
                    f"outputs {effect}; call model.eval() first."
                )


def _effect_of_training(module: Any) -> str:
    nn = sys.modules["torch"].nn
    scripted = getattr(module, "original_name", "")  # the class of what torch.jit compiled
    layers = nn.modules.batchnorm
    if isinstance(module, layers._BatchNorm) or scripted.startswith("BatchNorm"):
        return "depend on the other inputs of a call"
    if isinstance(module, layers._NormBase) and module.track_running_stats:
        return "are not those of the trained model"
    if isinstance(module, nn.modules.dropout._DropoutNd):
        random_outputs = module.p > 0
    elif isinstance(module, nn.RNNBase | nn.MultiheadAttention):
        random_outputs = module.dropout > 0
    else:
        random_outputs = isinstance(module, nn.RReLU) or "Dropout" in scripted
    return "are random" if random_outputs else ""


def _modules(found: Any, depth: int, seen: set[int]) -> Iterator[Any]:
    """Yield the torch modules that a callable may call."""
    if id(found) in seen:
        return
    seen.add(id(found))
    if isinstance(found, sys.modules["torch"].nn.Module):
        yield found
    elif depth:
        for one in _parts(found):
            yield from _modules(one, depth - 1, seen)


def _parts(found: Any) -> Iterator[Any]:
    if isinstance(found, partial):
        yield from (found.func, *found.args, *found.keywords.values())
    elif isinstance(found, MethodType):
        yield from (found.__self__, found.__func__)
    elif isinstance(found, FunctionType):
        yield from _read_by(found)
    elif isinstance(found, list | tuple | dict):
        if len(found) <= _WIDTH:
            yield from found.values() if isinstance(found, dict) else found
    elif not isinstance(found, type | ModuleType | sys.modules["torch"].Tensor | np.ndarray):
        yield from getattr(found, "__dict__", {}).values()
        if callable(found) and isinstance(type(found).__call__, FunctionType):
            yield type(found).__call__


def _read_by(function: FunctionType) -> Iterator[Any]:
    """Yield the objects that a function reads: its closure, its defaults and its globals."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    names = {i.argval for i in dis.get_instructions(function) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    yield from (function.__globals__[name] for name in names if name in function.__globals__)
