"""Draw which masks an index weighs, and which masks each estimator asks for, by the number of kept features.

Takes a minute::

    python docs/pictures/mask_weights.py
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
from style import COLORS, plt, save

import spex_plugins as spex

N, BUDGET = 20, 1000
INDICES = [("SV", 1), ("BV", 1), ("FSII", 2), ("BII", 2), ("STII", 2), ("Moebius", 2)]
ASKED = {
    '"auto", index="SV"': {"index": "SV"},
    '"auto"': {},
    '"spex"': {"estimator": "spex"},
}


def main() -> None:
    """Draw the weights on the left and the masks of real runs on the right."""
    figure, (index_axes, mask_axes) = plt.subplots(2, 1, figsize=(7.6, 7.6))
    sizes = np.arange(N + 1)
    for color, (symbol, order) in zip([*COLORS, "black"], INDICES, strict=True):
        weights = size_weights(symbol, order)
        style = {"Moebius": ":", "BV": "--"}.get(symbol, "-")
        label = f"{symbol}, {'single feature' if order == 1 else 'pair'}"
        on_top = 3 if symbol == "BV" else 2  # the same as BII
        index_axes.plot(sizes, weights, style, marker=".", color=color, label=label, zorder=on_top)
    index_axes.set(title=f"What an index weighs: share of each size of mask, n = {N}", yscale="log")
    index_axes.set(ylim=(1e-3, 1.3), ylabel="share of the absolute weight")
    for color, (label, options) in zip(COLORS, ASKED.items(), strict=False):
        kept = asked(options).sum(axis=1)
        share = np.bincount(kept, minlength=N + 1) / len(kept)
        mask_axes.plot(sizes, share, marker=".", color=color, label=label)
    mask_axes.set(title=f"What an estimator asks: share of each size among {BUDGET:,} masks", yscale="log")
    mask_axes.set(ylim=(1e-3, 1.3), ylabel="share of the masks")
    for axes in (index_axes, mask_axes):
        axes.set(xlabel="features that are kept", xticks=sizes[::2])
        axes.legend(ncols=3, fontsize=9, loc="upper center")
    save(figure, "mask_weights")


def size_weights(symbol: str, order: int) -> np.ndarray:
    """Return the shares of the sizes 0 … n in Σ |w(L)|, where the index of a set is Σ_L w(L) f(L).

    With the Möbius transform a(R) = Σ_{L ⊆ R} (−1)^{|R| − |L|} f(L), the index is Σ_{R ⊇ T} c(|R|, |T|) a(R).
    """
    c = spex.INDICES[symbol].moebius_weight
    total = np.zeros(N + 1)
    for size in range(N + 1):
        for inside in range(min(order, size) + 1):  # members of T among the kept features
            union = order + size - inside
            if union > N:
                continue
            terms = (
                comb(N - union, r - union) * (-1) ** (r - size) * c(r, order, order)
                for r in range(union, N + 1)
            )
            weight = abs(sum(terms, Fraction(0)))
            total[size] += float(weight * comb(order, inside) * comb(N - order, size - inside))
    return total / total.sum()


def asked(options: dict[str, str]) -> np.ndarray:
    """Return the masks that a run asks for."""
    masks = []

    def value_function(batch):
        masks.append(batch)
        return batch[:, 0] * 1.0 - batch[:, 1] * batch[:, 2]

    spex.explain(value_function, N, budget=BUDGET, progress=False, **options)
    return np.concatenate(masks)


if __name__ == "__main__":
    main()
