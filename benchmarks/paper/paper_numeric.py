"""Numeric questions, as those of DROP: which sentences a language model needs to count and to subtract.

    python benchmarks paper_numeric [--budgets 32 64] [--methods auto lasso] [--out FILE.jsonl]
    python benchmarks paper_numeric --data drop_dataset_dev.json --items 20 --budgets 500 1000

Our own questions replay recorded answers of SmolLM2-135M. With ``--data``, the model answers the public
questions, whose answers are kept in ``--store``. See README.md beside this folder.
"""

from __future__ import annotations

from library.paper.questions import read_drop
from library.paper.task import run_task


def main() -> None:
    run_task("numeric", read_drop, (__doc__ or "").splitlines()[0])


if __name__ == "__main__":
    main()
