"""The command ``compare``: methods on a text, for a language model or a classifier of transformers."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from spex_plugins.errors import InputError, MissingExtraError

__all__ = ["add_compare_command"]


def add_compare_command(commands: Any) -> None:
    """Add the command ``compare``.

    Parameters
    ----------
    commands : object
        What `argparse.ArgumentParser.add_subparsers` returns.
    """
    compare = commands.add_parser("compare", help="compare explanation methods on a text")
    add = compare.add_argument
    add("--text", type=Path, required=True, help="file with the text, UTF-8")
    add("--model", required=True, help="folder or name of a model of transformers")
    add("--budgets", type=int, nargs="+", default=[250, 500], help="model calls that a method may make")
    add(
        "--methods",
        nargs="+",
        metavar="NAME",
        help="by default auto, lasso, shap:permutation and shapiq:FBII",
    )
    add("--seeds", type=int, default=1, help="number of seeds")
    add("--held-out", type=int, default=500, help="uniform masks that the methods are judged on")
    add("--features", default="word", choices=["word", "sentence", "paragraph"], help="what is masked")
    add("--template", default="{}", help="text around {}, the place of the masked text")
    add(
        "--answer",
        help="text whose log-probability is explained; of a classifier a label, by default the likeliest",
    )
    add("--store", help="file of the answers, so that a stopped run goes on; an SQLite file")
    add("--out", type=Path, default=Path("compare.html"), help="page to write")
    compare.set_defaults(run=_compare)


def _compare(chosen: Namespace) -> int:
    from spex_plugins.comparison.compare import DEFAULT_METHODS, compare

    text = chosen.text.read_text(encoding="utf-8").strip()
    if not text:
        raise InputError(f"text: {chosen.text} is empty.")
    report = compare(
        _game(chosen, text),
        methods=chosen.methods or DEFAULT_METHODS,
        budgets=chosen.budgets,
        seeds=chosen.seeds,
        held_out=chosen.held_out,
        store=chosen.store,
    )
    report.save_html(chosen.out)
    print(f"{report.to_markdown()}\nThe report is in {chosen.out}")
    return 0


def _game(chosen: Namespace, text: str) -> Any:
    """Return the value function of the text; a classifier without a chosen label has one output for each."""
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError('compare needs transformers: pip install "spex-plugins[llm]".') from error
    from spex_plugins.games import MaskedPrompt

    config = transformers.AutoConfig.from_pretrained(chosen.model)
    classifies = any("ForSequenceClassification" in name for name in config.architectures or ())
    if not classifies and chosen.answer is None:
        raise InputError(
            "answer: a language model needs --answer, the text whose log-probability is explained."
        )
    kind = "AutoModelForSequenceClassification" if classifies else "AutoModelForCausalLM"
    if config.is_encoder_decoder and not classifies:
        kind = "AutoModelForSeq2SeqLM"
    model = getattr(transformers, kind).from_pretrained(chosen.model).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(chosen.model)
    answer = list(range(config.num_labels)) if chosen.answer is None else chosen.answer
    settings: dict[str, Any] = {"value": "logit"} if classifies else {}
    return MaskedPrompt(
        model, tokenizer, text, template=chosen.template, features=chosen.features, answer=answer, **settings
    )
