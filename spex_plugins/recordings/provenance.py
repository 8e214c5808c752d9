"""What a recording says about its origin without being told: date and versions of packages."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["provenance"]

_PACKAGES = ("spex-plugins", "numpy", "scipy", "scikit-learn", "lightgbm", "torch", "transformers")
_MODULES = {"spex-plugins": "spex_plugins", "scikit-learn": "sklearn"}


def provenance(value_function: Any) -> dict[str, Any]:
    """Return the date, the versions of the imported packages that a value depends on, and the fingerprint."""
    about: dict[str, Any] = {
        "recorded": datetime.now(UTC).date().isoformat(),
        "versions": {
            name: found
            for name in _PACKAGES
            if _MODULES.get(name, name) in sys.modules and (found := _version(name))
        },
    }
    fingerprint = getattr(value_function, "fingerprint", None)
    return about | ({"model_fingerprint": fingerprint} if isinstance(fingerprint, str) else {})


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
