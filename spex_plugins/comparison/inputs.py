"""What is explained: value functions, games, rows of SHAP models, examples of Captum; one or several."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.recordings.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.queries import Queries

__all__ = ["Input", "read_inputs"]

_OF_CAPTUM = ("target", "baselines", "additional_forward_args", "feature_mask")


@dataclass(frozen=True, eq=False)
class Input:
    """One input of a model.

    Attributes
    ----------
    value_function : callable
        Masks (m, n) → values (m,) or (m, K).
    n : int
    feature_names : tuple of str
    queries : Queries
        With the fingerprint of this input.
    """

    value_function: Any
    n: int
    feature_names: tuple[str, ...]
    queries: Queries


def read_inputs(
    game: Any, n: int | None, feature_names: Sequence[str] | None, queries: Queries
) -> list[Input]:
    """Return the inputs that a user gives.

    Parameters
    ----------
    game : callable, tuple, or list of those
        See `spex_plugins.compare`.
    n, feature_names
        Of a single value function.
    queries : Queries

    Raises
    ------
    InputError
        If something is none of those.
    """
    games = game if isinstance(game, list) else [game]
    if not games:
        raise InputError("game: the list is empty; give at least one value function.")
    several = len(games) > 1
    return [
        _read(one, n, feature_names, queries, number if several else None) for number, one in enumerate(games)
    ]


def _read(game: Any, n: int | None, names: Any, queries: Queries, number: int | None) -> Input:
    argument = "game" if number is None else f"game[{number}]"
    function = _game(game, queries, argument)
    size, names = check.features_of(function, n, names)
    if isinstance(function, Recording) and not function.complete:
        _check_ends(function, argument)
    fingerprint = getattr(function, "fingerprint", None)
    if function is not game and fingerprint is not None:
        queries = replace(queries, fingerprint=fingerprint)  # of the row too, not of the model alone
    elif None not in (queries.store, queries.fingerprint, number):
        if not isinstance(fingerprint, str) or not fingerprint:
            raise InputError(
                f"fingerprint: {queries.fingerprint!r:.80} does not tell the inputs of a list apart, and "
                f"{argument} has no fingerprint of its own. Give each value function an attribute "
                "fingerprint, a text that identifies its input; fingerprint= then stands for the model."
            )
        queries = replace(queries, fingerprint=f"{queries.fingerprint}; {fingerprint}")
    return Input(function, size, names, queries)


def _check_ends(recording: Recording, argument: str) -> None:
    """Raise InputError where the empty or the full mask was not recorded."""
    sizes = recording.masks().sum(axis=1)
    lacking = [name for name, size in (("empty", 0), ("full", recording.n)) if not (sizes == size).any()]
    if lacking:
        raise InputError(
            f"{argument}: the {' and the '.join(lacking)} mask {'was' if len(lacking) == 1 else 'were'} not "
            "recorded, and a comparison needs both. Record them too: Recording.record(value_function, "
            "{'ends': np.repeat([[False], [True]], n, axis=1), …})."
        )


def _game(game: Any, queries: Queries, argument: str) -> Any:
    if callable(game):
        return game
    match game:
        case (model, masker, row) if not isinstance(row, dict):
            from spex_plugins.shap.rows.row_game import RowGame

            return RowGame(model, masker, row, queries)
        case (forward, inputs) | (forward, inputs, _):
            from spex_plugins.captum.games.example_game import ExampleGame

            settings = game[2] if len(game) == 3 else {}
            for name in settings:
                if name not in _OF_CAPTUM:
                    raise InputError(
                        f"{argument}: {name!r:.80} is no setting of (forward, inputs, settings); "
                        f"the settings are {', '.join(_OF_CAPTUM)}."
                    )
            return ExampleGame(forward, inputs, queries, **settings)
    raise InputError(
        f"{argument}: must be a value function, (model, masker, row) of SHAP, (forward, inputs) or (forward, "
        f"inputs, {{'target': …}}) of Captum, or a list of those, got {type(game).__name__}."
    )
