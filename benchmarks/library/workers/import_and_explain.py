"""Import spex_plugins, explain 20 features once and again, in this fresh process; prints one JSON object."""

from __future__ import annotations

import json
import sys
from statistics import median
from time import perf_counter
from typing import Any

_REPEATS = 5


def main() -> None:
    start = perf_counter()
    import numpy as np

    numpy_s = perf_counter() - start
    import spex_plugins as spex

    report: dict[str, Any] = {"numpy_s": numpy_s, "import_s": perf_counter() - start}
    if len(sys.argv) > 1:
        budget = int(sys.argv[1])

        def value_function(masks: np.ndarray) -> np.ndarray:
            return 2.0 * (masks[:, 0] & masks[:, 1]) - masks[:, 2]

        def explain() -> float:
            start = perf_counter()
            spex.explain(value_function, 20, budget=budget)
            return perf_counter() - start

        report["first_s"] = explain()
        report["warm_s"] = median(explain() for _ in range(_REPEATS))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
