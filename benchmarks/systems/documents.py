"""Which two sentences of several documents the answer of a real language model needs.

    python benchmarks documents [--calls 64 128] [--seeds 1] [--out FILE]

The answers of SmolLM2-135M to 22 questions with all 2^8 sets of the eight sentences of four documents are
recorded (`python benchmarks record --only paper`). Recovery@2 is the share of the two annotated sentences
among two that a method names: ours names the best pair of the fitted function, alone or (steady) on average
where every sentence is flipped in a tenth of all cases, the marginal methods the two sentences with the
largest values (removal of one, LIME, Shapley and Banzhaf values). Two levels, documents first, then
sentences, have half of the calls. "The model itself" is the best pair of the recorded values: what a perfect
explanation finds.
"""

from __future__ import annotations

import warnings
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np

import spex_plugins as spex
from library.measure.result_files import append, begin_run
from library.methods.additive import lime
from library.paper.answer_game import OUTPUTS
from library.paper.questions import Question, own_questions
from library.report.markdown import table

_RECORDINGS = Path(__file__).parents[1] / "recordings"
_READINGS = {"best pair": 0.0, "best pair, steady": 0.1}


def recorded(question: Question, output: int) -> spex.Recording:
    """Return the log-probabilities of the answer, or of the answer and its evidence, with all masks."""
    both = spex.Recording.load(_RECORDINGS / f"paper_multihop-{question.name}_report.npz")
    masks = both.masks()
    return spex.Recording(masks, both(masks)[:, output], feature_names=both.feature_names)


def named(
    values: spex.Recording, groups: tuple[int, ...], calls: int, seed: int
) -> Iterator[tuple[str, int, set[int]]]:
    """Yield every method, the calls that it was allowed, and the two sentences that it names."""
    n = values.n
    removed = values(np.concatenate([np.ones((1, n), bool), ~np.eye(n, dtype=bool)]))
    masks = np.random.default_rng(seed).random((calls, n)) < 0.5
    found = spex.explain(values, budget=calls, seed=seed, progress=False)
    scores = {
        "removal of one": removed[0] - removed[1:],
        "LIME": lime(masks, values(masks)).values,
        "Shapley values": found.single_values("SV").values,
        "Banzhaf values": found.single_values("BV").values,
    }
    for name, each in scores.items():
        yield name, calls, set(np.argsort(-each)[:2].tolist())
    by_level = spex.explain_levels(values, groups, budget=calls // 2, seed=seed, progress=False)
    exact = spex.explain(values, budget=2**n, progress=False)
    for name, noise in _READINGS.items():
        yield name, calls, set(found.best_keeping(2, noise=noise).kept)
        parts = [by_level.features[i] for i in by_level.interactions.best_keeping(2, noise=noise).kept]
        yield f"{name}, two levels", calls // 2, {part[0] for part in parts if len(part) == 1}
        yield f"the model itself: {name}", 2**n, set(exact.best_keeping(2, noise=noise).kept)


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, help="FILE.jsonl of results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    scores: dict[tuple[str, str, int], dict[int, list[float]]] = {}
    for output, about in enumerate(OUTPUTS):
        for number, question in enumerate(own_questions("multihop")):
            values = recorded(question, output)
            for calls in arguments.calls:
                for seed in range(arguments.seeds):
                    for method, asked, pair in named(values, question.paragraphs, calls, seed):
                        cell = scores.setdefault((about, method, asked), {}).setdefault(number, [])
                        cell.append(len(pair & set(question.supporting)) / 2)
    means = {key: np.array([np.mean(each) for each in cell.values()]) for key, cell in scores.items()}
    with arguments.out.open("w") if arguments.out else nullcontext() as file:
        if file:
            begin_run(file, "documents")
            for (about, method, calls), each in means.items():
                record = {"output": about, "method": method, "calls": calls, "inputs": len(each)}
                append(file, "documents", record | {"recovery": float(each.mean())})
    rows = [
        [*key, f"{each.mean():.3f} ± {each.std(ddof=1) / np.sqrt(len(each)):.3f}"]
        for key, each in means.items()
    ]
    print(table(["log-probability of", "method", "calls", "recovery@2"], rows))


if __name__ == "__main__":
    main()
