"""One event loop in a thread of its own, so that synchronous code can wait for asynchronous code anywhere."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import wait
from typing import Any, TypeVar

__all__ = ["run", "run_later"]

T = TypeVar("T")

_GRACE = 60.0  # seconds for what is under way at an interrupt, and paid for; another interrupt ends them

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def run(coroutine: Coroutine[Any, Any, T], stop: Callable[[], None] | None = None) -> T:
    """Run a coroutine to its end and return its result, also where an event loop is running already.

    All coroutines share one loop for the life of the process: connections that a client keeps open stay
    usable from call to call, which a new loop for every call would break. At an interrupt of the waiting
    thread (Ctrl-C) the coroutine is cancelled; one that can be stopped has a moment to end by itself before,
    or until another interrupt.

    Parameters
    ----------
    coroutine : coroutine
    stop : callable, optional
        Called at an interrupt, so that the coroutine begins nothing new.
    """
    future = asyncio.run_coroutine_threadsafe(coroutine, _running_loop())
    try:
        return future.result()
    except BaseException:
        if stop and not future.done():
            stop()
            wait([future], _GRACE)
        raise
    finally:
        future.cancel()


def run_later(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Start a coroutine and do not wait for it."""
    asyncio.run_coroutine_threadsafe(coroutine, _running_loop())


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="spex-requests", daemon=True).start()
        return _loop


def _forget() -> None:
    """Threads do not survive a fork: the child process starts its own loop when it needs one."""
    global _loop, _lock
    _loop, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
