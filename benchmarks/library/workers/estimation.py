"""One fit in a process of its own, without the time of the value function: prints one JSON object.

The function is that of a real text: TF-IDF of words and pairs with a small network, on the first words
of reviews joined to a text of n words.
"""

from __future__ import annotations

import json
import resource
from argparse import ArgumentParser
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

import spex_plugins as spex
from library.games.masked_inputs import long_text
from library.measure.counted import Counted
from library.measure.scores import r_squared

_TEST = 2000


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--estimator", required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--gpu", action="store_true")
    arguments = parser.parse_args()
    if arguments.gpu:
        import torch

        torch.zeros(1, device="cuda")  # as after a model's calls: a GPU that is ready
    value = long_text(arguments.n, arguments.models)
    timed = Counted(value)
    start, start_cpu = perf_counter(), process_time()
    settings = {"budget": arguments.calls, "estimator": arguments.estimator, "progress": False}
    found = spex.explain(timed, arguments.n, **settings)
    own, cpu = perf_counter() - start - timed.wall_s, process_time() - start_cpu - timed.cpu_s
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    masks = np.random.default_rng(1).random((_TEST, arguments.n)) < 0.5
    r2 = r_squared(value(masks), found.predict(masks))
    report = {"own_s": own, "cpu_s": cpu, "mib": mib, "r2": r2, "stated_r2": float(found.r2)}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
