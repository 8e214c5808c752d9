"""A self-contained HTML page: coloured words with their interactions shown on hover, and a ranked list."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from spex_plugins.files import replacing
from spex_plugins.plots.colors import shade, tint
from spex_plugins.plots.pages.html_style import SCRIPT, framed
from spex_plugins.plots.plot_data import PlotData, RankedSet, is_sentence, one_output, read_plot_data, signed
from spex_plugins.result.feature_labels import displayable, isolated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

__all__ = ["save_html", "to_html"]

_WORD_SHADE = 0.62
_HINT = "Point at the text or at a line of the list to see what acts together; click to keep it."


def to_html(
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 20,
    output: int | None = None,
    title: str | None = None,
    words: Sequence[str] | None = None,
) -> str:
    """Return a self-contained HTML page with the coloured text and the ranked interactions.

    Parameters
    ----------
    interactions : Interactions
        The explanation of one example, or an object with the attribute ``interactions``.
    index : str
        A key of `spex_plugins.INDICES` other than "Fourier", such as "FSII", "STII", "SII", "BII", "FBII" or
        "Moebius".
    order : int, optional
        Largest number of features in a set; by default 2, or 3 where the spectrum has sets of three.
    top : int
        Number of interactions to list.
    output : int, optional
        Which of K outputs, from 0; needed where there are several.
    title : str, optional
        Heading of the page.
    words : sequence of str, optional
        Texts of the n features, by default their names.

    Returns
    -------
    str
        A page without external resources. Without JavaScript, the numbers after the words still refer to
        the list.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    content = read_plot_data(interactions, index, order, top, output, words)
    found = one_output(interactions, output)
    heading = escape(displayable(str(title or f"Which {content.kind}s act together")))
    facts = "".join(f"<li>{escape(fact)}</li>" for fact in content.facts)
    direction = "rtl" if content.right_to_left else "ltr"
    text = " ".join(_word(content, i, word) for i, word in enumerate(content.in_text()))
    return framed(
        heading,
        f'<main><header><h1>{heading}</h1><ul class="facts">{facts}</ul>'
        f'<p class="quiet">{escape(displayable(f"{found.estimator}: {found.plan}"))}</p></header>\n'
        f'<section>{_key(content)}<div class="scroll"><div id="text" dir="{direction}">{text}</div></div>\n'
        f'<p class="say quiet" id="say" aria-live="polite">{_HINT}</p></section>\n'
        f"<section>{_table(content)}</section></main>\n<script>{SCRIPT}</script>",
    )


def save_html(interactions: Any, path: str | PathLike[str], **options: Any) -> None:
    """Write the page of `to_html` to a file.

    Parameters
    ----------
    interactions : Interactions
        The explanation of one example, or an object with the attribute ``interactions``.
    path : path-like
        An existing file is replaced once the page is complete.
    **options : Any
        Keyword arguments of `to_html`.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    page = to_html(interactions, **options).encode()
    with replacing(path) as file:
        file.write(page)


def _side(value: float) -> str:
    return "up" if value > 0 else "down"


def _badge(ranked: RankedSet) -> str:
    return f'<span class="badge {_side(ranked.value)}"><span>{ranked.rank}</span></span>'


def _word(content: PlotData, i: int, word: str) -> str:
    """Return one word with its colour, what to say about it, and the numbers of its sets."""
    own = [ranked for ranked in content.sets if i in ranked.features]
    effect = float(content.effects[i])
    said = [f"{isolated(content.labels[i])}: own effect {signed(effect, content.effect_limit)}"]
    said += [f"{content.name(ranked)}: {signed(ranked.value, content.set_limit)}" for ranked in own]
    say = escape("   ·   ".join(said))
    color = tint(effect, content.effect_limit, most=_WORD_SHADE)
    sets = f' data-sets="{" ".join(str(ranked.rank) for ranked in own)}" tabindex="0"' if own else ""
    numbers = f"<sup>{''.join(map(_badge, own))}</sup>" if own else ""
    told = f'style="background:{color}" title="{say}" data-say="{say}"{sets}'
    kind = "u long" if is_sentence(word) else "u"
    return f'<span class="{kind}"><span class="w" {told}>{escape(word)}</span>{numbers}</span>'


def _key(content: PlotData) -> str:
    limit = content.effect_limit
    ends = [tint(sign, 1.0, most=_WORD_SHADE) for sign in (-1.0, 1.0)]
    return (
        f'<p class="key"><b>Colour of a {content.kind}: its own effect</b>'
        f'<span class="down">{signed(-limit, limit)} pushes down</span>'
        f'<i style="background:linear-gradient(90deg,{ends[0]},transparent,{ends[1]})"></i>'
        f'<span class="up">pushes up {signed(limit, limit)}</span></p>'
    )


def _table(content: PlotData) -> str:
    caption = f'<p class="quiet">{escape(content.caption)}</p>'
    head = f"<h2>{content.kind.capitalize()}s that act together</h2>{caption}"
    if not content.sets:
        return head
    rows = "\n".join(_row(content, ranked) for ranked in content.sets)
    titles = f"<th>#</th><th>{content.kind.capitalize()}s</th><th>pushes down | up</th><th></th>"
    return f"{head}<table><thead><tr>{titles}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _row(content: PlotData, ranked: RankedSet) -> str:
    share = abs(ranked.value) / content.set_limit
    color = shade(ranked.value, content.set_limit, least=0.55)
    value = signed(ranked.value, content.set_limit)
    name = escape(content.name(ranked))
    left = 50.0 if ranked.value > 0 else 50.0 - 50.0 * share
    members = " ".join(map(str, ranked.features))
    bar = f"left:{left:.1f}%;width:{50 * share:.1f}%;background:{color}"
    return (
        f'<tr data-rank="{ranked.rank}" data-words="{members}" data-color="{color}" '
        f'data-width="{1.4 + 2.6 * share:.2f}" data-say="{name}: {value}" tabindex="0">'
        f'<td>{_badge(ranked)}</td><td class="term">{name}</td>'
        f'<td class="bar"><div><i style="{bar}"></i></div></td>'
        f'<td class="value {_side(ranked.value)}">{value}</td></tr>'
    )
