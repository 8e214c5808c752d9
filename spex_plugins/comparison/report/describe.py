"""What was asked, when, and with which versions."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from time import strftime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spex_plugins.comparison.compare_input import Settings

__all__ = ["describe"]

_PACKAGES = (
    "spex-plugins",
    "numpy",
    "scipy",
    "scikit-learn",
    "shap",
    "captum",
    "torch",
    "shapiq",
    "lime",
    "lightgbm",
)


def describe(settings: Settings) -> dict[str, Any]:
    """Return the settings of a comparison, its date, system and versions, as values that JSON has."""
    given = settings.held_out
    return {
        "date": strftime("%Y-%m-%d %H:%M"),
        "system": f"Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        "versions": _versions(),
        "methods": list(settings.methods),
        "budgets": settings.budgets,
        "seeds": settings.seeds,
        "held_out": given if isinstance(given, int) else len(given),
        "metrics": sorted(settings.metrics),
        "output": settings.output,
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
