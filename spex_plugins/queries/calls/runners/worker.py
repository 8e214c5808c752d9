"""Code that runs in the worker of another process, which keeps the function from batch to batch."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from threading import Lock
from typing import Any

import numpy as np

from spex_plugins.errors import PartialAnswerError
from spex_plugins.queries.calls.function_call import CallOutcome, ValueFunction, call_function
from spex_plugins.queries.calls.interrupts import interrupt_ignored

__all__ = ["call_kept"]

_FUNCTIONS_PER_WORKER = 2  # they may hold models

_kept: OrderedDict[str, ValueFunction] = OrderedDict()
_lock = Lock()


def call_kept(key: str, pickled: bytes | None, packed: Any, shape: tuple[int, int]) -> CallOutcome:
    """Store the function under its key and call it, or return None if it is missing.

    Exceptions that would end the worker, such as SystemExit, are returned instead of raised. A first Ctrl-C,
    which a terminal sends to workers too, is ignored, as the main process waits for the answer.

    Parameters
    ----------
    key : str
    pickled : bytes or None
    packed : ndarray of uint8
        Masks as `numpy.packbits` writes them.
    shape : tuple
        (b, n).
    """
    with _lock:
        if key not in _kept and pickled is not None:
            _kept[key] = pickle.loads(pickled)
        function = _kept.get(key)
        if function is None:
            return None
        _kept.move_to_end(key)
        while len(_kept) > _FUNCTIONS_PER_WORKER:
            _kept.popitem(last=False)
    masks = np.unpackbits(packed, axis=1, count=shape[1]).astype(bool)
    try:
        with interrupt_ignored():
            return call_function(function, masks)
    except (KeyboardInterrupt, SystemExit) as error:
        partial = error.__cause__  # pickling would drop it
        return partial if isinstance(partial, PartialAnswerError) else error
