"""The number of masks in a batch: it depends on their number, not on the clock, unless time is limited."""

from __future__ import annotations

import numpy as np

__all__ = ["BatchSize"]

_FIRST, _SOON = 16, 64
_SHARE = 8  # a crash or an interrupt costs no more than an eighth of what was asked before
_LARGEST = 1024


class BatchSize:
    """A batch size that grows with the number of masks asked for.

    The answers of a model in single precision depend on which inputs it gets together. So that equal calls
    give equal answers on a busy machine too, sizes do not follow the clock: they are 16, 16, 32, 64, and then
    64 or an eighth of all masks before, up to 1,024; or 16, and then what the value function names as its
    ``batch_size``. Only a time limit makes them follow the clock.

    Parameters
    ----------
    fixed : int or None
        A size that the user chose; it is reduced only when memory runs out.
    usual : int, optional
        The size that suits the value function.
    timeout : float, optional
        A batch should take less than a third of it.
    max_seconds : float, optional
        A batch should take less than a tenth of it. The first one is a single mask, which tells how long
        the next ones will take.

    Attributes
    ----------
    largest : int
        The most that fit into memory, as far as is known.
    """

    def __init__(
        self,
        fixed: int | None,
        usual: int | None = None,
        timeout: float | None = None,
        max_seconds: float | None = None,
    ) -> None:
        self.is_fixed = fixed is not None
        self.largest = fixed or usual or _LARGEST
        self._usual = usual
        self._asked = 0
        self._seconds = min((timeout or np.inf) / 3, (max_seconds or np.inf) / 10)
        self._in_time: float = 1 if max_seconds else np.inf

    @property
    def size(self) -> int:
        """Masks for the next batch."""
        return max(1, int(min(self._wished(), self.largest, self._in_time)))

    def take(self, masks: int) -> None:
        """Note that so many new masks are asked for."""
        self._asked += masks

    def note(self, masks: int, seconds: float) -> None:
        """Learn from a batch that was answered how many masks are answered in time."""
        self._in_time = np.inf if self.is_fixed else masks * self._seconds / max(seconds, 1e-9)

    def shrink(self, masks: int) -> None:
        """Learn that so many masks do not fit into the memory."""
        self.largest = max(1, min(self.largest, masks // 2))

    def _wished(self) -> int:
        if self.is_fixed:
            return self.largest
        if self._usual and self._asked:
            return self._usual
        return max(_FIRST, min(_SOON, self._asked), self._asked // _SHARE)
