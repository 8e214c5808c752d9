"""Draw the stated R² of two estimators beside the R² on unseen masks of two kinds.

The function is a network with random weights on 30 features. Takes two minutes::

    python docs/pictures/faithfulness.py
"""

from __future__ import annotations

import numpy as np
from style import BLUE, COLORS, GREY, plt, save

import spex_plugins as spex

N, UNSEEN, BUDGETS = 30, 4000, (200, 350, 500, 1000, 2000)
INDICES = [None, "SV"]


class Network:
    """Two layers with random weights: every feature acts, and most act together with others."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._inner = rng.normal(size=(N, 24)) * (rng.random((N, 24)) < 0.2)
        self._bias, self._outer = rng.normal(size=24), rng.normal(size=24)

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        return np.tanh(1.5 * masks @ self._inner + self._bias) @ self._outer


def main() -> None:
    """Explain with several budgets, and compare what is stated with what is true."""
    network, rng = Network(3), np.random.default_rng(0)
    uniform = rng.random((UNSEEN, N)) < 0.5
    sizes = rng.random((UNSEEN, 1))
    unseen = {"uniform masks": uniform, "masks of all sizes": rng.random((UNSEEN, N)) < sizes}

    figure, axes = plt.subplots(2, 2, figsize=(7.6, 7.6))
    found = spex.explain(network, N, budget=500, progress=False)
    values, predicted = network(uniform), found.predict(uniform)
    axes[0, 0].plot(values, predicted, ".", color=BLUE, markersize=2, alpha=0.4)
    ends = [values.min(), values.max()]
    axes[0, 0].plot(ends, ends, color=GREY, linewidth=1)
    axes[0, 0].set(xlabel="model at a mask that was not asked", ylabel="prediction")
    stated = f"{found.r2:.3f} ± {found.r2_error:.3f}"
    axes[0, 0].set_title(
        f"500 masks asked: stated R² {stated},\nof these {UNSEEN:,} others {r2(values, predicted):.3f}"
    )
    axes[0, 1].hist(predicted - values, bins=60, color=BLUE, alpha=0.7, label="prediction")
    axes[0, 1].hist(values.mean() - values, bins=60, color=GREY, alpha=0.5, label="mean value")
    axes[0, 1].set(xlabel="error", yticks=[])
    axes[0, 1].set_title("errors of the prediction and of the mean:\nR² = 1 − ratio of their squares")
    axes[0, 1].legend(fontsize=9)

    for axis, index in zip(axes[1], INDICES, strict=True):
        stated, errors, true = [], [], {kind: [] for kind in unseen}
        for budget in BUDGETS:
            found = spex.explain(network, N, budget=budget, index=index, progress=False)
            stated.append(float(found.r2))
            errors.append(2 * float(found.r2_error))
            for kind, masks in unseen.items():
                true[kind].append(r2(network(masks), found.predict(masks)))
        print(index, found.r2_source, np.round(stated, 3), np.round(errors, 3), true)
        axis.errorbar(
            BUDGETS, stated, errors, color="black", marker="o", capsize=3, label="stated, ± 2 errors"
        )
        for color, (kind, values) in zip(COLORS, true.items(), strict=False):
            axis.plot(BUDGETS, values, "--", marker=".", color=color, label=f"true, {kind}")
        axis.set(
            title=f'"auto", index={index!r}', xlabel="model calls", ylabel="R²", xscale="log", xticks=BUDGETS
        )
        axis.set_xticks([], minor=True)
        axis.set_xticklabels([f"{budget:,}" for budget in BUDGETS])
        axis.set_ylim(0.75, 1.005)
        axis.legend(fontsize=8, loc="lower right")
    save(figure, "faithfulness")


def r2(values: np.ndarray, predicted: np.ndarray) -> float:
    """Return the share of the variance that is predicted."""
    return float(1 - np.mean((values - predicted) ** 2) / values.var())


if __name__ == "__main__":
    main()
