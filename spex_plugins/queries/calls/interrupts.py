"""Blocks of code that a first Ctrl-C does not interrupt."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any

__all__ = ["interrupt_delayed", "interrupt_ignored"]


@contextmanager
def interrupt_ignored() -> Iterator[list[Any]]:
    """Ignore a first SIGINT, and append it to the list; a second one is handled as usual.

    Threads other than the main thread are never interrupted.
    """
    before = signal.getsignal(signal.SIGINT)
    ignored: list[Any] = []
    if current_thread() is not main_thread() or not callable(before):
        yield ignored
        return

    def ignore(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, before)
        ignored.append((number, frame))

    signal.signal(signal.SIGINT, ignore)
    try:
        yield ignored
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def interrupt_delayed() -> Iterator[None]:
    """Handle a first SIGINT at the end of the block; a second one interrupts it."""
    with interrupt_ignored() as ignored:
        yield
    if ignored:
        signal.getsignal(signal.SIGINT)(*ignored[0])  # type: ignore[operator, misc]
