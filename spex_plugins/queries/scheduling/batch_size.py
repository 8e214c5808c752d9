"""Number of masks in a batch; it depends on measured times only if the time is limited."""

from __future__ import annotations

import numpy as np

__all__ = ["BatchSize"]

_FIRST, _SOON = 16, 64
_SHARE = 8  # a crash, an interrupt or a failure loses at most an eighth of the masks before
_LARGEST = 1024


class BatchSize:
    """Batch size that grows with the number of masks evaluated so far.

    The outputs of a model in single precision depend on the other inputs of the batch. For equal calls to
    give equal values under any load, sizes do not depend on measured times: they are 16, 16, 32, 64, and then
    64 or an eighth of all masks before, up to 1,024; or 16, and then the attribute ``batch_size`` of the
    value function. With a time limit, they depend on the duration of the previous batch. After a batch that
    failed as a whole, whose masks are evaluated a second time, they are at most an eighth of the masks since.

    Parameters
    ----------
    fixed : int or None
        Size chosen by the user; it is reduced only if memory runs out.
    usual : int, optional
        Size recommended by the value function.
    timeout : float, optional
        Seconds; a batch should take less than a third of them.
    max_seconds : float, optional
        A batch should take less than a tenth of it. The first one is a single mask, from whose duration that
        of the next ones is estimated.

    Attributes
    ----------
    largest : int
        Upper bound of the size; it is reduced if memory runs out.
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
        self._since_failure: float = np.inf
        self._seconds = min((timeout or np.inf) / 3, (max_seconds or np.inf) / 10)
        self._in_time: float = 1 if max_seconds else np.inf

    @property
    def size(self) -> int:
        """Number of masks in the next batch."""
        few = self._since_failure // _SHARE
        return max(1, int(min(self._wished(), self.largest, self._in_time, few)))

    def take(self, masks: int) -> None:
        """Count the new masks of a batch."""
        self._asked += masks
        self._since_failure += masks

    def note(self, masks: int, seconds: float) -> None:
        """Update the number of masks that can be answered in time from the duration of a batch."""
        self._in_time = np.inf if self.is_fixed else masks * self._seconds / max(seconds, 1e-9)

    def shrink(self, masks: int) -> None:
        """Reduce the largest size to half of a number of masks that did not fit into memory."""
        self.largest = max(1, min(self.largest, masks // 2))

    def restart(self) -> None:
        """Begin with single masks again: those of a batch that fails are evaluated a second time."""
        self._since_failure = 0

    def _wished(self) -> int:
        if self.is_fixed:
            return self.largest
        if self._usual and self._asked:
            return self._usual
        return max(_FIRST, min(_SOON, self._asked), self._asked // _SHARE)
