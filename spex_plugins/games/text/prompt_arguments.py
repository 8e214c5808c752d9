"""Checks of the arguments of `MaskedPrompt`, with errors that name the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spex_plugins.errors import InputError
from spex_plugins.games.text.answer_scores import VALUES

__all__ = ["as_tuple", "check_eval_mode", "check_value", "distinct_names", "replacement_text"]


def as_tuple(name: str, given: Any) -> tuple[Any, ...]:
    """Return one or several answers as a tuple; without alternatives, an empty one."""
    if given is None and name == "against":
        return ()
    several = isinstance(given, Sequence) and not isinstance(given, str)
    found = tuple(given) if several else (given,)
    if not found or not all(isinstance(one, str | int) and one != "" for one in found):
        raise InputError(f"{name}: must be a text, a label or several of them, got {given!r:.80}.")
    return found


def check_value(value: Any, answers: tuple[Any, ...], against: Any, tokens: bool) -> None:
    """Check that a value is known and fits the answers."""
    if value not in VALUES:
        raise InputError(f"value: must be one of {list(VALUES)}, got {value!r}.")
    if against is not None and value != "log_odds":
        raise InputError("against: only log-odds have alternatives; set value='log_odds'.")
    if tokens and (len(answers) > 1 or against is not None):
        raise InputError("tokens: only the tokens of a single answer, without alternatives, can be outputs.")


def check_eval_mode(model: Any) -> None:
    """Raise an error if a model is in training mode: then its outputs are random or depend on the batch."""
    if not callable(getattr(model, "modules", None)) or not hasattr(model, "training"):
        raise InputError(f"model: must be a torch module in evaluation mode, got {type(model).__name__}.")
    if model.training or any(part.training for part in model.modules()):
        raise InputError(
            "model: is in training mode, or a part of it is, so its outputs are random or depend on the "
            "rest of the batch; call model.eval() first."
        )


def replacement_text(replacement: str, tokenizer: Any) -> str | None:
    """Return the text that replaces masked parts; None where they are removed with the space before them."""
    if not isinstance(replacement, str):
        raise InputError(f"replacement: must be a string, got {type(replacement).__name__}.")
    if replacement == "remove":
        return None
    if replacement != "token":
        return replacement
    token = tokenizer.mask_token
    if token is None:
        raise InputError(
            "replacement: the tokenizer has no mask token; use 'remove' or a text such as '...'."
        )
    return str(token)


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names without white space around them; equal ones are numbered."""
    shown = [name.strip() or repr(name)[1:-1] for name in names]
    return tuple(
        name if shown.count(name) == 1 else f"{name} ({shown[: i + 1].count(name)})"
        for i, name in enumerate(shown)
    )
