"""Multi-hop questions, as those of HotpotQA: which two sentences a language model needs for its answer.

    python benchmarks paper_multihop [--budgets 32 64] [--methods auto lasso] [--out FILE.jsonl]
    python benchmarks paper_multihop --data hotpot_dev_distractor_v1.json --items 20 --budgets 500 1000

Our own questions replay recorded answers of SmolLM2-135M. With ``--data``, the model answers the public
questions, whose answers are kept in ``--store``. See README.md beside this folder.
"""

from __future__ import annotations

from library.paper.questions import read_hotpotqa
from library.paper.task import run_task


def main() -> None:
    run_task("multihop", read_hotpotqa, (__doc__ or "").splitlines()[0])


if __name__ == "__main__":
    main()
