"""The command ``compare``: methods on a text, for a language model or a classifier of transformers."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from spex_plugins.errors import InputError, MissingExtraError
from spex_plugins.files import check_can_be_written
from spex_plugins.wording import counted

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
    from spex_plugins.plots.canvas import require_matplotlib

    text = _text(chosen.text)
    check_can_be_written("out", chosen.out)
    require_matplotlib()
    game = _game(chosen, text)
    try:
        report = compare(
            game,
            methods=chosen.methods or DEFAULT_METHODS,
            budgets=chosen.budgets,
            seeds=chosen.seeds,
            held_out=chosen.held_out,
            store=chosen.store,
        )
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(_what_is_kept(error, chosen.store)) from error
    print(report.to_markdown())
    report.save_html(chosen.out)
    print(f"The report is in {chosen.out}")
    return 0


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise InputError(f"text: {path} is not UTF-8 (byte {error.start}); convert it to UTF-8.") from None
    if not text:
        raise InputError(f"text: {path} is empty.")
    return text


def _what_is_kept(error: KeyboardInterrupt, store: str | None) -> str:
    report = getattr(error, "report", None)
    calls, stored = (report.n_calls, report.n_stored) if report else (0, 0)
    if store is None:
        return f"{counted(calls, 'model call')} lost; with --store FILE, a stopped run can go on."
    return f"{counted(calls + stored, 'answer')} kept in {store}; the same command goes on from there."


def _game(chosen: Namespace, text: str) -> Any:
    """Return the value function of the text; a classifier without --answer has one output for each label."""
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
    answer = _labels(config) if chosen.answer is None else chosen.answer
    settings: dict[str, Any] = {"value": "logit"} if classifies else {}
    return MaskedPrompt(
        model, tokenizer, text, template=chosen.template, features=chosen.features, answer=answer, **settings
    )


def _labels(config: Any) -> list[Any]:
    """Return the names of the labels of a classifier, by which outputs are known, or their numbers."""
    names = [str(config.id2label.get(i, i)) for i in range(config.num_labels)]
    return names if len(set(names)) == len(names) else list(range(config.num_labels))
