"""Explanations in files: arrays and a JSON header in one .npz, no pickle."""

from __future__ import annotations

import json
from os import PathLike
from typing import Any

import numpy as np

from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.mask_kernel import MaskKernel
from spex_plugins.core.gaussian_process.posterior import Posterior, Uncertainty
from spex_plugins.core.gaussian_process.product_kernel import ProductKernel
from spex_plugins.errors import InputError
from spex_plugins.estimators.fit_result import SingleValues
from spex_plugins.files import replacing
from spex_plugins.result.interactions import Interactions

__all__ = ["load", "save"]

_FORMAT = 5
_READABLE = (1, 2, 3, 4, 5)  # 1 had no n_stored and no r2_error, 2 no process, 3 no exact, 4 no ids
_TEXTS = (
    "feature_names",
    "n_calls",
    "n_stored",
    "budget",
    "r2_source",
    "estimator",
    "plan",
    "exact",
    "feature_ids",
)
_ARRAYS = ("r2", "r2_error", "empty_value", "full_value")


def save(found: Interactions, path: str | PathLike[str]) -> None:
    """Write everything to one file; what was there stays until the new file is complete."""
    header = {"format": _FORMAT, "n": found.n, "singles": list(found.singles)}
    header |= {name: getattr(found, name) for name in _TEXTS}
    arrays: dict[str, Any] = {name: getattr(found, name) for name in _ARRAYS}
    for name, single in found.singles.items():
        arrays |= {f"{name}_values": single.values, f"{name}_deviations": single.deviations}
    if found.process:
        arrays |= {f"process_{name}": value for name, value in _arrays_of(found.process).items()}
    with replacing(path) as file:
        np.savez_compressed(
            file,
            header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
            supports=found.spectrum.supports,
            coefficients=found.spectrum.coefficients,
            **arrays,
        )


def load(path: str | PathLike[str]) -> Interactions:
    """Read a file written by `save`."""
    with np.load(path, allow_pickle=False) as data:
        header: dict[str, Any] = json.loads(data["header"].tobytes())
        if header.pop("format") not in _READABLE:
            raise InputError(f"path: {path!s} was written by a newer version; upgrade spex-plugins.")
        spectrum = Spectrum(header.pop("n"), data["supports"], data["coefficients"])
        singles = {
            name: SingleValues(data[f"{name}_values"], data[f"{name}_deviations"])
            for name in header.pop("singles")
        }
        header["feature_names"] = tuple(header["feature_names"])
        if header.get("feature_ids") is not None:
            header["feature_ids"] = tuple(header["feature_ids"])
        header.setdefault("exact", header["n_calls"] + header.get("n_stored", 0) == 2**spectrum.n)
        arrays = {name: data[name] for name in _ARRAYS if name in data}
        process = _process(data) if "process_noise" in data else None
    return Interactions(spectrum=spectrum, singles=singles, process=process, **header, **arrays)


def _arrays_of(process: Uncertainty) -> dict[str, Any]:
    kernel = process.kernel
    arrays = {
        "rates": kernel.product.rates,
        "amplitudes": kernel.product.amplitudes,
        "supports": kernel.supports,
        "variances": kernel.variances,
        "noise": np.array(process.noise),
        "packed": process.packed,
        "scale": process.scale,
    }
    if isinstance(process, Posterior):
        arrays |= {"weights": process.weights, "constant": process.constant}
    return arrays


def _process(data: Any) -> Uncertainty:
    arrays = {name.removeprefix("process_"): data[name] for name in data if name.startswith("process_")}
    product = ProductKernel(arrays.pop("rates"), arrays.pop("amplitudes"))
    kernel = MaskKernel(product, arrays.pop("supports"), arrays.pop("variances"))
    kind = Posterior if "weights" in arrays else Uncertainty
    return kind(kernel, float(arrays.pop("noise")), **arrays)
