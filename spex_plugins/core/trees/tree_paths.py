"""The leaves of an ensemble of decision trees on masks, as conjunctions of features."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.trees.tree_spectrum import Trees
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["leaves"]


def leaves(trees: Trees, n: int) -> Conjunctions:
    """Return the leaves that masks can reach, with the features on the path to them."""
    at = np.array(trees.roots)
    ways, kept = np.full((len(at), 0), n, dtype=np.int32), np.zeros((len(at), 0), dtype=bool)
    parts: list[tuple[IntArray, BoolArray, FloatArray]] = []
    while len(at):
        feature = trees.features[at]
        ends = feature < 0
        parts.append((ways[ends], kept[ends], trees.values[at[ends]]))
        at, feature, ways, kept = at[~ends], feature[~ends], ways[~ends], kept[~ends]
        again = ways == feature[:, None]  # the branch is determined
        known, answer = again.any(axis=1), (again & kept).any(axis=1)
        masked = np.where(known & answer, trees.kept[at], trees.masked[at])
        both = ~known
        longer = np.where(known, n, feature).astype(np.int32)
        ways = np.concatenate([np.column_stack([ways, longer]), np.column_stack([ways, longer])[both]])
        kept = np.concatenate(
            [np.column_stack([kept, np.zeros_like(known)]), np.column_stack([kept, both])[both]]
        )
        at = np.concatenate([masked, trees.kept[at[both]]])
    width = max(way.shape[1] for way, *_ in parts)
    ways = np.concatenate(
        [np.pad(way, ((0, 0), (0, width - way.shape[1])), constant_values=n) for way, *_ in parts]
    )
    kept = np.concatenate([np.pad(side, ((0, 0), (0, width - side.shape[1]))) for _, side, _ in parts])
    values = np.concatenate([value for *_, value in parts])
    front = np.argsort(ways == n, axis=1, kind="stable")  # empty slots to the end
    ways, kept = np.take_along_axis(ways, front, axis=1), np.take_along_axis(kept, front, axis=1)
    longest = int((ways < n).sum(axis=1).max(initial=0))
    return Conjunctions(n, ways[:, :longest], kept[:, :longest], values[:, None])
