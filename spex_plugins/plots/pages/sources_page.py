"""A self-contained HTML page: an answer beside its sources, which are coloured by what they contribute."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from spex_plugins.errors import InputError
from spex_plugins.files import replacing
from spex_plugins.plots.colors import tint
from spex_plugins.plots.pages.html_style import framed
from spex_plugins.plots.plot_data import PlotData, read_plot_data, signed
from spex_plugins.result.feature_labels import displayable
from spex_plugins.result.interactions import Interactions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

__all__ = ["save_sources_html", "to_sources_html"]

_SHADE = 0.62
_STYLE = """
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 2fr); gap: 22px; }
@media (max-width: 700px) { .pair { grid-template-columns: minmax(0, 1fr); } }
.answer { font-size: 18px; overflow-wrap: anywhere; }
.sources { list-style: none; margin: 0; padding: 0; }
.sources li { border-radius: 6px; padding: 6px 10px; margin: 4px 0; display: flex; gap: 12px; }
.sources li div { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.sources b { font-variant-numeric: tabular-nums; white-space: nowrap; }
.sources p { font-size: 14px; white-space: pre-wrap; }
tbody tr { cursor: default; }
"""


def to_sources_html(
    interactions: Any,
    game: Any,
    *,
    index: str = "FSII",
    order: int | None = 2,
    top: int = 10,
    title: str | None = None,
) -> str:
    """Return a self-contained HTML page with an answer beside its sources.

    Of several outputs, such as the sentences of the answer, each has a section of its own. Pinned documents
    are listed last, without a value.

    Parameters
    ----------
    interactions : Interactions
        The explanation of a game of documents, or an object with the attribute ``interactions``, such as the
        result of `explain_levels`.
    game : Any
        Its game, with ``question``, ``documents``, and ``answer`` or ``reference``. If it has ``value_name``,
        the page says what its values are; documents that are not in ``group_names`` are pinned.
    index : str
        A key of `spex_plugins.INDICES` other than "Fourier".
    order : int, optional
        Largest number of sources in a set.
    top : int
        Number of interactions to list.
    title : str, optional
        Heading of the page, by default the question.

    Returns
    -------
    str
        A page without scripts and external resources.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    found = getattr(interactions, "interactions", interactions)
    if not isinstance(found, Interactions):
        raise InputError(f"interactions: expected Interactions, got {type(found).__name__}.")
    answer = getattr(game, "answer", None) or getattr(game, "reference", None)
    if answer is None or not hasattr(game, "documents"):
        raise InputError("game: must be a game of documents, with question, documents and an answer.")
    names = getattr(game, "output_names", None) or (answer,) * found.n_outputs
    numbers = range(found.n_outputs) if found.output_shape else [None]
    always = _pinned(game)
    sections = "".join(
        _section(name, read_plot_data(found, index, order, top, number), found.feature_names, game, always)
        for name, number in zip(names, numbers, strict=True)
    )
    heading = _text(str(title or game.question))
    whole = f'<p class="answer">{_text(answer)}</p>' if len(names) > 1 else ""
    return framed(
        heading,
        f"<main><header><h1>{heading}</h1>{whole}"
        f'<p class="quiet">{_text(f"{found.estimator}: {found.plan}")}</p></header>\n'
        f"{sections}</main>",
        _STYLE,
    )


def save_sources_html(interactions: Any, path: str | PathLike[str], game: Any, **options: Any) -> None:
    """Write the page of `to_sources_html` to a file.

    Parameters
    ----------
    interactions : Interactions
        The explanation of a game of documents, or an object with the attribute ``interactions``.
    path : path-like
        An existing file is replaced once the page is complete.
    game : Any
        The game.
    **options : Any
        Keyword arguments of `to_sources_html`.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    page = to_sources_html(interactions, game, **options).encode()
    with replacing(path) as file:
        file.write(page)


def _text(text: str) -> str:
    return escape(displayable(text))


def _pinned(game: Any) -> str:
    """Return the list items of the documents that are never masked."""
    masked = getattr(game, "group_names", None)
    pinned = [] if masked is None else [name for name in game.documents if name not in masked]
    return "".join(
        f"<li><div>{_text(name)}<p>{_text(game.documents[name])}</p></div><b>pinned</b></li>"
        for name in pinned
    )


def _section(answer: str, content: PlotData, names: Sequence[str], game: Any, always: str) -> str:
    effects = content.effects.tolist()
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in content.facts)
    sources = "\n".join(
        _source(name, game.documents.get(name), effect, content.effect_limit)
        for name, effect in zip(names, effects, strict=True)
    )
    value = getattr(game, "value_name", None)
    said = f'<p class="quiet">f: {_text(value)}</p>' if value else ""
    return (
        f'<section><div class="pair"><div><h2>Answer</h2><p class="answer">{_text(answer)}</p>'
        f'{said}<ul class="facts">{facts}</ul></div><div><h2>Sources</h2>'
        f'<p class="quiet">{escape(content.reading)}: what each contributes alone</p>'
        f'<ol class="sources">{sources}{always}</ol></div></div>{_together(content)}</section>\n'
    )


def _source(name: str, text: str | None, effect: float, limit: float) -> str:
    body = f"<p>{_text(text)}</p>" if text else ""
    color = tint(effect, limit, most=_SHADE)
    return f'<li style="background:{color}"><div>{_text(name)}{body}</div><b>{signed(effect, limit)}</b></li>'


def _together(content: PlotData) -> str:
    if not content.sets:
        return ""
    rows = "\n".join(
        f'<tr><td class="term">{escape(content.name(ranked))}</td><td class="value '
        f'{"up" if ranked.value > 0 else "down"}">{signed(ranked.value, content.set_limit)}</td></tr>'
        for ranked in content.sets
    )
    return f"<h2>Sources that act together</h2><table><tbody>\n{rows}\n</tbody></table>"
