"""Masked prompts per second: `MaskedPrompt` and the batched loops that people write by hand.

A text of 64 words, random masks, a small real language model, log-probability of a word behind the prompt.
Each way gets the same masks in the same batches, longest prompts first. The first prompt begins with the
text, so that nothing can be reused; the others begin with fixed examples. Beside the rate on the clock stands
that per second of the processor, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import numpy.typing as npt

from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.report.markdown import table

EXAMPLES = (
    "Review: A total mess, I hated it.\nSentiment: negative\n\n"
    "Review: Charming and beautifully shot.\nSentiment: positive\n\n"
    "Review: I left after half an hour, bored by its hero.\nSentiment: negative\n\n"
    "Review: The songs are old, the jokes are new, I laughed a lot.\nSentiment: positive\n\n"
)
ANSWER = " positive"
Values = npt.NDArray[np.floating[Any]]
Way = Callable[[npt.NDArray[np.bool_]], Values]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks", type=int, default=64, help="masks per measurement")
    parser.add_argument("--batch", type=int, default=16, help="masks per call")
    parser.add_argument(
        "--rounds", type=int, default=2, help="measurements of each way, in turn; the best counts"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of torch")
    parser.add_argument("--out", type=Path, help="raw numbers as JSON")
    arguments = parser.parse_args()

    import torch

    from library.models.language_model import small_llm

    torch.set_num_threads(arguments.threads)
    model, tokenizer = small_llm.load_small_llm()
    print(machine(), f"torch {torch.__version__}, {arguments.threads} thread(s).\n", flush=True)
    text = f"{small_llm.REVIEW} Really."  # 64 words
    templates = {
        "text first": "{}\nSentiment:",
        "two examples first": small_llm.PROMPT,
        "four examples first": EXAMPLES + "Review: {}\nSentiment:",
    }
    reports = []
    for name, template in templates.items():
        report = _measured(model, tokenizer, text, template, arguments)
        reports.append({"prompt": name, **report})
        print(f"{name}: done", file=sys.stderr, flush=True)
    header = ["prompt", "tokens", "of them first and fixed", "clock", "loop, all logits", "loop, last logits",
              "MaskedPrompt", "against the loops", "largest difference"]  # fmt: skip
    clocks = enumerate(("on the clock", "of the processor"))
    print(table(header, [_row(report, i, name) for i, name in clocks for report in reports]))
    save(arguments.out, "prompt_throughput", reports)


def _measured(model: Any, tokenizer: Any, text: str, template: str, arguments: Any) -> Report:
    from spex_plugins.games import MaskedPrompt

    game = MaskedPrompt(model, tokenizer, text, template=template, answer=ANSWER)
    masks = np.random.default_rng(0).random((arguments.masks, game.n)) < 0.5
    masks = masks[np.argsort(-game.work(masks))]
    ways: dict[str, Way] = {
        "all logits": _Loop(model, tokenizer, game.prompt, {}),
        "last logits": _Loop(model, tokenizer, game.prompt, {"logits_to_keep": 1}),
        "ours": game,
    }
    best = dict.fromkeys(ways, (np.inf, np.inf))
    values: dict[str, Values] = {}
    for way in ways.values():
        way(masks[:2])  # warm
    for _ in range(arguments.rounds):
        for name, way in ways.items():
            start = perf_counter(), process_time()
            parts = [way(masks[i : i + arguments.batch]) for i in range(0, len(masks), arguments.batch)]
            took = perf_counter() - start[0], process_time() - start[1]
            best[name] = (min(best[name][0], took[0]), min(best[name][1], took[1]))
            values[name] = np.concatenate(parts)
    return {
        "words": game.n,
        "masks": len(masks),
        "tokens": float(np.mean([len(tokenizer(game.prompt(mask))["input_ids"]) for mask in masks])),
        "fixed": len(tokenizer(template.split("{}")[0].rstrip(" "))["input_ids"])
        if template[0] != "{"
        else 0,
        "seconds": best,
        "difference": float(max(np.abs(values["ours"] - values[name]).max() for name in ways)),
    }


class _Loop:
    """What is written by hand: a padded batch of prompts, and the logits behind each."""

    def __init__(self, model: Any, tokenizer: Any, prompt: Any, more: dict[str, Any]) -> None:
        self._model, self._tokenizer, self._prompt, self._more = model, tokenizer, prompt, more
        (self._answer,) = tokenizer(ANSWER)["input_ids"]

    def __call__(self, masks: npt.NDArray[np.bool_]) -> Values:
        import torch

        prompts = [self._prompt(mask) for mask in masks]
        inputs = self._tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
        with torch.inference_mode():
            last = self._model(**inputs, **self._more).logits[:, -1]
        return last.log_softmax(-1)[:, self._answer].double().numpy()


def _row(report: Report, clock: int, name: str) -> list[object]:
    rates = {way: report["masks"] / seconds[clock] for way, seconds in report["seconds"].items()}
    against = [f"{rates['ours'] / rates[loop]:.2f}" for loop in ("all logits", "last logits")]
    shown = [f"{rates[way]:.2f}/s" for way in ("all logits", "last logits", "ours")]
    return [
        report["prompt"],
        f"{report['tokens']:.0f}",
        report["fixed"],
        name,
        *shown,
        f"{' and '.join(against)} times",
        f"{report['difference']:.0e}",
    ]


if __name__ == "__main__":
    main()
