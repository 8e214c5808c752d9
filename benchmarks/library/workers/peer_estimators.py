"""The peers' estimators, in an interpreter that has `spectralexplain` and `shapiq`, without spex_plugins.

One request a line on the standard input, answered by one line of JSON on the standard output. While a method
works it asks its parent for values: {"ask": masks}, answered by {"values": …}. Seconds are without that.

proxyspex-authors   spectralexplain.utils.proxy_spex on samples that the request brings (uniform masks, as its
                    Explainer draws them, but with a seed)
spex-authors        spectralexplain's SPEX with soft decoding, the largest b that the budget allows
proxyspex-shapiq    shapiq's ProxySPEX; its Fourier coefficients are taken before they are cut to an index
spex-shapiq         shapiq's SPEX, likewise
shapiq:NAME         a class of shapiq for Shapley values
pairs:INDEX:NAME    a class of shapiq for the pairs of an index of order 2
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from itertools import combinations
from time import perf_counter, process_time
from typing import Any

import numpy as np

from library.methods.messages import pack_masks, unpack_masks, unpack_values

_ORDER = 5  # largest order of SPEX and, roughly, depth of ProxySPEX: the packages' defaults

Spectrum = dict[tuple[int, ...], float]
Ask = Callable[[np.ndarray], np.ndarray]


class Clock:
    """Asks the parent for values and knows what that takes; the rest is the method's own time."""

    def __init__(self, replies: Any) -> None:
        self._replies = replies
        self.calls = 0
        self._waited = self._waited_cpu = 0.0
        self._start, self._start_cpu = perf_counter(), process_time()

    def ask(self, masks: Any) -> np.ndarray:
        start, start_cpu = perf_counter(), process_time()
        masks = np.atleast_2d(np.asarray(masks, dtype=bool))
        self.calls += len(masks)
        _send(self._replies, {"ask": pack_masks(masks), "shape": masks.shape})
        values = unpack_values(json.loads(sys.stdin.readline())["values"])
        self._waited += perf_counter() - start
        self._waited_cpu += process_time() - start_cpu
        return values

    def report(self) -> dict[str, float]:
        own = perf_counter() - self._start - self._waited
        return {
            "own_s": own,
            "cpu_s": process_time() - self._start_cpu - self._waited_cpu,
            "asked": self.calls,
        }


def proxyspex_authors(request: dict[str, Any], ask: Ask) -> dict[str, Any]:
    import spectralexplain as peer

    masks = unpack_masks(request["masks"], request["shape"])
    samples = (masks.astype(np.int64), unpack_values(request["values"]))
    return {"fourier": _terms(peer.utils.proxy_spex(samples, max_order=_ORDER))}


def spex_authors(request: dict[str, Any], ask: Ask) -> dict[str, Any]:
    import spectralexplain as peer

    n, budget = request["n"], request["budget"]
    rows = _parities(n) + 1
    b = max((b for b in range(3, 13) if 3 * 2**b * rows <= budget), default=0)
    if not b:
        raise ValueError(f"The budget is below its least, {3 * 2**3 * rows} samples.")
    np.random.seed(request["seed"])  # noqa: NPY002  it draws its design from the global state
    signal, _ = peer.sampling_strategy(lambda X: ask(X).tolist(), b, b, n, sample_save_dir=None, t=_ORDER)
    return {"fourier": _terms(peer.support_recovery("soft", signal, b, _ORDER)), "b": b}


@cache
def _parities(n: int) -> int:
    """Return the number of parity bits; on the way, let Numba compile what soft decoding needs."""
    from sparse_transform.qsft.codes.BCH import BCH

    code = BCH(n, _ORDER)
    code.parity_decode([0] * (code.n - code.k))
    return int(code.n - code.k)


class _Taken(Exception):  # noqa: N818  it is no error
    """Carries Fourier coefficients out of a method that would go on to cut them to an index."""

    def __init__(self, spectrum: Spectrum) -> None:
        self.spectrum = spectrum


def _take(spectrum: Spectrum, *_: Any, **__: Any) -> None:
    raise _Taken(spectrum)


def proxyspex_shapiq(request: dict[str, Any], ask: Ask) -> dict[str, Any]:
    from shapiq.approximator import ProxySPEX

    method = ProxySPEX(n=request["n"], index="FBII", max_order=2, random_state=request["seed"])
    method.fourier_to_moebius = _take  # type: ignore[method-assign]
    return _taken(method, request["budget"], ask)


def spex_shapiq(request: dict[str, Any], ask: Ask) -> dict[str, Any]:
    from shapiq.approximator import SPEX
    from shapiq.approximator.sparse import base

    np.random.seed(request["seed"])  # noqa: NPY002
    base.fourier_to_moebius = _take
    method = SPEX(n=request["n"], index="FBII", max_order=2, random_state=request["seed"])
    return _taken(method, request["budget"], ask)


def _taken(method: Any, budget: int, ask: Ask) -> dict[str, Any]:
    try:
        method.approximate(budget, ask)
    except _Taken as taken:
        pairs = taken.spectrum.items()
        return {"fourier": [[list(map(int, s)), float(c)] for s, c in pairs]}
    raise AssertionError("No coefficients were found on the way.")


def shapley(request: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """Shapley values; the settings are the classes' own, but for `_SETTINGS`."""
    import shapiq.approximator as peers

    name, _, variant = request["method"].removeprefix("shapiq:").partition("+")
    more: dict[str, Any] = {"ProxySHAP": {"index": "SV", "max_order": 1}, "RegressionMSR": {"index": "SV"}}
    settings = more.get(name, {}) | ({variant: True} if variant else {})
    method = getattr(peers, name)(n=request["n"], random_state=request["seed"], **settings)
    found = method.approximate(request["budget"], ask)
    return {
        "shapley": [float(found[(i,)]) for i in range(request["n"])],
        "baseline": float(found.baseline_value),
    }


def pairs(request: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """All pairs of an index of order 2, in the order of combinations; what is not listed is 0."""
    import shapiq.approximator as peers

    _, index, method = request["method"].split(":")
    name, _, variant = method.partition("+")
    settings = {"max_order": 2} | ({} if name == "RegressionFSII" else {"index": index})
    settings |= {variant: True} if variant else {}
    found = getattr(peers, name)(n=request["n"], random_state=request["seed"], **settings)
    values = found.approximate(request["budget"], ask)
    return {"pairs": [float(values[pair]) for pair in combinations(range(request["n"]), 2)]}


METHODS: dict[str, Callable[[dict[str, Any], Ask], dict[str, Any]]] = {
    "proxyspex-authors": proxyspex_authors,
    "proxyspex-shapiq": proxyspex_shapiq,
    "spex-authors": spex_authors,
    "spex-shapiq": spex_shapiq,
}


def _terms(found: dict[Any, Any]) -> list[list[Any]]:
    return [[np.flatnonzero(key).tolist(), float(np.real(value))] for key, value in found.items()]


def _send(replies: Any, message: dict[str, Any]) -> None:
    replies.write(json.dumps(message) + "\n")
    replies.flush()


def _versions() -> dict[str, str]:
    names = ("spectralexplain", "sparse-transform", "shapiq", "lightgbm", "scikit-learn", "numpy")
    return {name: version(name) for name in names}


def main() -> None:
    replies = os.fdopen(os.dup(1), "w")
    # What the packages print must not mix with the answers, and LightGBM prints thousands of lines.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    _send(replies, {"versions": _versions()})
    for line in sys.stdin:
        request = json.loads(line)
        one_class = pairs if request["method"].startswith("pairs:") else shapley
        method = METHODS.get(request["method"], one_class)
        if request["method"].startswith("spex"):
            _parities(request["n"])
        clock = Clock(replies)
        try:
            answer = method(request, clock.ask)
        except Exception as error:
            traceback.print_exc()
            answer = {"failed": f"{type(error).__name__}: {error}"[:300]}
        _send(replies, answer | clock.report())


if __name__ == "__main__":
    main()
