"""Captum's LLM attribution of a small real language model, one prompt at a time and many at once.

The same masks are asked each time: Spex draws them from n_samples and the seed alone. Beside the seconds on
the clock stand those of the processor, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.report.markdown import seconds, table

REVIEW = "Charming at first, but the plot is not worth two hours, and I would never see it again."
QUESTION = "Anna moved from Paris to Rome in 2010 because her sister lives there. Anna now lives in"
ONE_BY_ONE = {"use_cached_outputs": False, "forward_in_tokens": False}
TOKEN_BY_TOKEN = {"use_cached_outputs": False, "forward_in_tokens": True}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks", type=int, default=256, help="masks per explanation")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--out", type=Path, help="raw numbers as JSON")
    arguments = parser.parse_args()

    import torch

    torch.set_num_threads(arguments.threads)
    from library.models.language_model import small_llm

    model, tokenizer = small_llm.load_small_llm()
    print(machine(), f"torch {torch.__version__}, {arguments.threads} threads.\n", flush=True)
    reports = [_measured(model, tokenizer, *case, arguments.masks) for case in _cases(tokenizer)]
    header = ["prompt", "features", "target tokens", "seconds", "Captum, a call per token",
              "Captum, a call per mask", "ours", "faster", "largest difference"]  # fmt: skip
    keys = ("prompt", "features", "target_tokens")
    clocks = ("on the clock", "of the processor")
    rows = [
        [*(r[key] for key in keys), name, *_times(r, i)] for r in reports for i, name in enumerate(clocks)
    ]
    print(table(header, rows))
    save(arguments.out, "captum_llm_speed", reports)


def _cases(tokenizer: Any) -> list[tuple[str, Any, str]]:
    from captum.attr import TextTemplateInput, TextTokenInput

    from library.models.language_model import small_llm

    words = REVIEW.split()
    template = small_llm.PROMPT.replace("{}", " ".join(["{}"] * len(words)))
    return [
        ("words of a review behind two fixed examples", TextTemplateInput(template, words), " negative\n\n"),
        ("all tokens of a sentence", TextTokenInput(QUESTION, tokenizer), " Rome with her sister"),
    ]


def _measured(model: Any, tokenizer: Any, name: str, inp: Any, target: str, masks: int) -> Report:
    from captum.attr import LLMAttribution

    from spex_plugins.captum import Spex, SpexLLMAttribution

    host = LLMAttribution(Spex(model), tokenizer)
    ours = SpexLLMAttribution(Spex(model), tokenizer)
    ours.attribute(inp, target, n_samples=32)  # warm
    report: Report = {"prompt": name, "features": inp.n_itp_features, "masks": masks}
    report["target_tokens"] = len(tokenizer.encode(target, add_special_tokens=False))
    results, report["seconds"] = {}, {}
    for run, attribution, how in (
        ("ours", ours, {}),
        ("per mask", host, ONE_BY_ONE),
        ("per token", host, TOKEN_BY_TOKEN),
        ("ours again", ours, {}),
    ):
        start = perf_counter(), process_time()
        results[run] = attribution.attribute(inp, target, n_samples=masks, **how).token_attr
        report["seconds"][run] = perf_counter() - start[0], process_time() - start[1]
        print(f"{name}: {run}, {report['seconds'][run][0]:.1f} s", file=sys.stderr, flush=True)
    report["difference"] = float((results["ours"] - results["per mask"]).abs().max())
    return report


def _times(report: Report, clock: int) -> list[str]:
    times = {run: both[clock] for run, both in report["seconds"].items()}
    ours = (times["ours"] + times["ours again"]) / 2  # the load of the machine drifts
    host = [times["per token"], times["per mask"]]
    faster = " and ".join(f"{time / ours:.1f}" for time in host)
    return [*map(seconds, [*host, ours]), f"{faster} times", f"{report['difference']:.0e}"]


if __name__ == "__main__":
    main()
