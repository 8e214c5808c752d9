"""The authors' package on the same functions: prints JSON lines, one of set-up and one per decoder.

Runs in an interpreter that has `spectralexplain` (0.0.4); needs nothing of spex_plugins. Decoders:

soft        as the public path calls it; it is told that there is no noise, so no bin counts as empty
soft-noise  the same, told the standard deviation of the noise
hard        the package's quicker choice
"""

from __future__ import annotations

import json
import signal as signals
from functools import partial
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numba
import numpy as np
import spectralexplain as peer
from sparse_transform.qsft.codes.BCH import BCH
from sparse_transform.qsft.qsft import fit_regression, transform

from library.games.sparse_functions import Terms, problem_arguments, problem_of

_PACKAGES = ("spectralexplain", "sparse-transform", "galois", "numba", "numpy")


def warm_up(n: int, t: int) -> tuple[float, float]:
    """Compile what Numba compiles; return its seconds and those of a second construction of the code."""
    start = perf_counter()
    code = BCH(n, t)
    parities = code.n - code.k
    zero, undecodable = np.zeros(parities, dtype=int), np.random.default_rng(0).integers(0, 2, parities)
    for word in (zero, undecodable):
        code.parity_decode(word.tolist())
    warm = perf_counter()
    BCH(n, t)
    return warm - start, perf_counter() - warm


def decode(decoder: str, signal: Any, b: int, t: int, noise: float) -> dict[Any, Any]:
    if decoder != "soft-noise":
        return peer.support_recovery(decoder, signal, b, t)
    # The call that support_recovery makes, but for noise_sd.
    soft = partial(BCH(signal.n, t).parity_decode_2chase_t2_max_likelihood, chase_depth=2 * t)
    return transform(
        signal,
        num_subsample=3,
        num_repeat=1,
        b=b,
        reconstruct_method_source="coded",
        reconstruct_method_channel="identity-siso",
        source_decoder=soft,
        peeling_method="multi-detect",
        noise_sd=noise,
        regress="lasso",
        res_energy_cutoff=0.9,
        trap_exit=True,
        peel_average=True,
    )


def _terms(found: dict[Any, Any]) -> Terms:
    return {tuple(int(i) for i in np.flatnonzero(key)): float(np.real(v)) for key, v in found.items()}


def _give_up(*_: object) -> None:
    raise TimeoutError


def main() -> None:
    parser = problem_arguments()
    parser.add_argument("--decoders", nargs="+", choices=("soft", "soft-noise", "hard"), required=True)
    parser.add_argument("--limit", type=int, default=900, help="seconds after which a decoder is stopped")
    arguments = parser.parse_args()
    problem, n, b, t = problem_of(arguments), arguments.n, arguments.b, arguments.t
    warmup_s, code_s = warm_up(n, t)
    np.random.seed(problem.seed)  # noqa: NPY002  the package draws its design from the global state
    start = perf_counter()
    signal, counts = peer.sampling_strategy(problem.values, b, b, n, sample_save_dir=None, t=t)
    setup = {
        "versions": {name: version(name) for name in _PACKAGES},
        "numba_threads": numba.get_num_threads(),
        "warmup_s": warmup_s,
        "code_s": code_s,
        "design_s": perf_counter() - start,
        "samples": int(counts[b]),
    }
    print(json.dumps(setup), flush=True)
    wht_s = float(sum(times[b] for group in signal.transformTimes for times in group))
    signals.signal(signals.SIGALRM, _give_up)
    for decoder in arguments.decoders:
        start = perf_counter()
        signals.alarm(arguments.limit)
        try:
            raw = decode(decoder, signal, b, t, problem.noise)
        except (TimeoutError, SystemError):  # compiled code turns the first into the second
            if perf_counter() - start < arguments.limit:
                raise
            print(json.dumps({"decoder": decoder, "over_s": arguments.limit}), flush=True)
            continue
        finally:
            signals.alarm(0)
        decode_s = wht_s + perf_counter() - start
        # The refit that the package has but its public path does not run.
        start = perf_counter()
        fitted, _ = fit_regression("lasso", {"locations": [list(key) for key in raw]}, signal, n, b)
        report = {
            "decoder": decoder,
            "decode_s": decode_s,
            "refit_s": perf_counter() - start,
            "decoded": problem.score(_terms(raw)),
            "refitted": problem.score({s: c for s, c in _terms(fitted).items() if c != 0.0}),
        }
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
