"""Approximators of shapiq, called through shapiq; their values are summed over the sets that are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spex_plugins.comparison.methods.given import surrogate_of
from spex_plugins.comparison.methods.library_calls import library, quiet, seeded
from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.errors import MissingExtraError

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame

__all__ = ["SHAPIQ_METHODS", "ShapiqMethod", "approximators"]

_FOURIER_ORDER = 5  # largest order of SPEX and, roughly, depth of ProxySPEX: shapiq's defaults


@dataclass(eq=False)
class ShapiqMethod(Method):
    """An approximator of shapiq.

    Attributes
    ----------
    name : str
        Name in the report.
    approximator : str
        Class in `shapiq.approximator`.
    index : str
        What it estimates.
    settings : dict
        Further arguments of the class; the others keep their defaults.
    since : str
        First version of shapiq that has it.
    """

    name: str
    approximator: str
    index: str
    settings: dict[str, Any] = field(default_factory=dict)
    since: str = "1.4"
    kind: Kind = "interaction"
    asks: bool = True

    def least(self, n: int) -> int:
        """Return 2; approximators that need more say so themselves."""
        return 2

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Approximate the index."""
        approximator = getattr(approximators(), self.approximator, None)
        if approximator is None:
            raise MissingExtraError(
                f'{self.approximator} needs a newer shapiq: pip install "shapiq>={self.since}" '
                "(Python 3.12 or newer)"
            )
        with seeded(seed), quiet():
            method = approximator(n=game.n, random_state=seed, **self.settings)
            found = method.approximate(budget, game)
        return Surrogate(surrogate_of(found, game.n).function, self.index)


def approximators() -> Any:
    """Return the module of shapiq's approximators."""
    return library("shapiq.approximator", "shapiq", "shapiq lightgbm")


def _fourier(name: str) -> ShapiqMethod:
    """Return a method that fits a Fourier spectrum; no term is lost up to this order of the index."""
    return ShapiqMethod(f"shapiq:{name}", name, "FBII", {"index": "FBII", "max_order": _FOURIER_ORDER})


SHAPIQ_METHODS: dict[str, ShapiqMethod] = {
    method.name: method
    for method in (
        ShapiqMethod("shapiq:FSII", "RegressionFSII", "FSII", {"max_order": 2}),
        ShapiqMethod("shapiq:FBII", "RegressionFBII", "FBII", {"max_order": 2}),
        ShapiqMethod("shapiq:STII", "PermutationSamplingSTII", "STII", {"max_order": 2}),
        ShapiqMethod("shapiq:k-SII", "KernelSHAPIQ", "k-SII", {"index": "k-SII", "max_order": 2}),
        _fourier("ProxySPEX"),
        _fourier("SPEX"),
        ShapiqMethod("shapiq:ProxySHAP", "ProxySHAP", "FSII", {"index": "FSII", "max_order": 2}, "1.8"),
        ShapiqMethod(
            "shapiq:ProxySHAP+adjustment",
            "ProxySHAP",
            "FSII",
            {"index": "FSII", "max_order": 2, "adjustment": True},
            "1.8",
        ),
    )
}
"""The approximators that are compared, by their names."""
