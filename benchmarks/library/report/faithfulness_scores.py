"""What `faithfulness_per_call.py` measured, by method and calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from library.measure.result_files import Report

__all__ = ["ADDITIVE", "RIVALS", "Results", "Scores", "label"]

ADDITIVE = ("ridge", "lasso", "lime", "kernelshap")
RIVALS = {"proxyspex-authors": 3, "proxyspex-shapiq": 3, "spex-authors": 20, "spex-shapiq": 20}
LABELS = {
    "additive": "best additive",
    "proxyspex-authors": "ProxySPEX (authors')",
    "proxyspex-shapiq": "ProxySPEX (shapiq)",
    "spex-authors": "SPEX, soft (authors')",
    "spex-shapiq": "SPEX (shapiq)",
    "kernelshap": "KernelSHAP",
    "lime": "LIME",
    "lasso": "LASSO",
}

Scores = dict[tuple[int, int], float]  # (input, seed) → R²


def label(method: str) -> str:
    """Return what a method is called in tables and pictures."""
    return LABELS.get(method, method)


class Results:
    """The cells of one game and n, by method and calls; of some only their median is known."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self._scores: dict[tuple[str, int], Scores] = {}
        self._medians: dict[tuple[str, int], float] = {}
        for r in reports:
            key = r["method"], r["calls"]
            if r.get("r2") is not None:  # a constant function has none
                self._scores.setdefault(key, {})[r["input"], r["seed"]] = r["r2"]
            elif "median_r2" in r:
                self._medians[key] = r["median_r2"]

    def has(self, method: str) -> bool:
        return any(name == method for name, _ in (*self._scores, *self._medians))

    @property
    def budgets(self) -> list[int]:
        """All B: the calls of those methods that get 1 B."""
        return sorted({calls for name, calls in self._scores if name not in RIVALS})

    def of(self, method: str, calls: int) -> Scores:
        return self._scores.get((method, calls), {})

    def quartiles(self, method: str, calls: int) -> np.ndarray | None:
        """Return the quartiles of R², the median alone three times where no more is known; None without any.

        Of the best additive method for "additive".
        """
        scores = self.best_additive(calls) if method == "additive" else self.of(method, calls)
        if scores:
            return np.quantile(list(scores.values()), (0.25, 0.5, 0.75))
        median = self._medians.get((method, calls))
        return None if median is None else np.full(3, median)

    def best_additive(self, calls: int) -> Scores:
        """Return, of the additive methods, the one that is best in the median (not cell by cell)."""
        found = [self.of(name, calls) for name in ADDITIVE]
        return max(found, key=lambda s: float(np.median(list(s.values()))) if s else -np.inf)

    def rival(self, method: str, budget: int) -> Scores:
        if method == "additive":
            return self.best_additive(budget)
        return self.of(method, RIVALS[method] * budget)

    def curve(self, method: str) -> Iterator[tuple[int, np.ndarray]]:
        """Yield calls and quartiles of R²."""
        for calls in sorted({calls for _, calls in (*self._scores, *self._medians)}):
            if (found := self.quartiles(method, calls)) is not None:
                yield calls, found
