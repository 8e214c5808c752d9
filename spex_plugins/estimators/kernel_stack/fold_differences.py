"""What the folds tell of the uncertainty of members beneath a process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.fitted.expansion import Expansion, KernelExpansion
from spex_plugins.core.fitted.fold_spread import FoldSpread
from spex_plugins.core.logistic.wave_sum import WaveSum, side_by_side
from spex_plugins.estimators.kernel_stack.member import Member
from spex_plugins.estimators.kernel_stack.mixed_part import MixedPart

__all__ = ["fold_spreads"]


def fold_spreads(parts: Sequence[MixedPart], others: Sequence[Member]) -> list[FoldSpread]:
    """Return the spread of every member that is beneath the processes of the parts and has a share in them.

    Where a member changes, the process of what it leaves changes as well, and makes up for most of it at the
    samples and near them.
    """
    found = []
    for number, member in enumerate(others):
        shares = [part.of_others[number] for part in parts]
        if not member.without_fold or not np.any(shares):
            continue
        odd, even = shares[0], shares[-1]
        n_folds = len(member.without_fold)
        of_folds: list[Expansion] = [side_by_side([one.parts(odd, even) for one in member.without_fold])]
        changes = np.concatenate(list(member.of_folds - member.fitted), axis=1)  # (m, F K)
        for part, share in zip(parts, shares, strict=True):
            explained = part.process.factor.solve(part.frame.take(changes))
            weights = -np.tile(share, n_folds) * explained
            of_folds.append(KernelExpansion(*part.process.expansion(weights)))
        assert isinstance(member.function, WaveSum)
        found.append(FoldSpread(n_folds, (member.function.parts(odd, even),), tuple(of_folds)))
    return found
