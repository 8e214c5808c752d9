"""Overhead: what importing spex_plugins and a small explanation cost beside the model.

    python benchmarks overhead

Every measurement runs in a fresh process; files are cached by an extra first one. Prints markdown; see
benchmarks/README.md.
"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from statistics import median

from library.measure.machine import machine
from library.measure.processes import measure
from library.measure.result_files import Report, save
from library.report.markdown import seconds, table

_BUDGETS = (500, 2000)
_WORKER = "import_and_explain"


def row(what: str, reports: list[Report], key: str) -> list[str]:
    times = [report[key] for report in reports]
    return [what, seconds(min(times)), seconds(median(times))]


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--processes", type=int, default=7)
    parser.add_argument("--threads", type=int, help="threads of BLAS; by default all")
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    where = machine()
    measure(_WORKER, threads=arguments.threads)

    def repeated(*budget: int) -> list[Report]:
        some = range(arguments.processes)
        return [report for _ in some for report in measure(_WORKER, budget, threads=arguments.threads)]

    imports = repeated()
    rows = [
        row("import spex_plugins", imports, "import_s"),
        row("– of which NumPy", imports, "numpy_s"),
    ]
    explained = {budget: repeated(budget) for budget in _BUDGETS}
    for budget, reports in explained.items():
        rows += [
            row(f"explain, 20 features, {budget:,} calls, first in the process", reports, "first_s"),
            row(f"explain, 20 features, {budget:,} calls, again", reports, "warm_s"),
        ]
    print(f"{where} BLAS threads: {arguments.threads or 'default'}.\n")
    print(table(("what", "best", f"median of {arguments.processes}"), rows))
    records = [{"calls": budget, **report} for budget, some in explained.items() for report in some]
    save(arguments.out, "overhead", imports + records)


if __name__ == "__main__":
    main()
