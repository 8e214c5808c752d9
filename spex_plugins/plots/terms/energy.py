"""How much of the variance the terms of every order carry, and how far the explanation can be trusted."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.core.fitted.all_terms import lists_all_terms
from spex_plugins.core.fitted.energies import energies
from spex_plugins.plots.canvas import check_axes
from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR
from spex_plugins.plots.plot_data import one_output
from spex_plugins.plots.terms.axes import broken, new_axes, title_room, write_title
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spex_plugins.result.interactions import Interactions

__all__ = ["energy_by_order", "r2_card"]

_INK = "#5661b3"  # neither of the colours of signs
_NAMES = ("single\nfeatures", "pairs", "triples")
_WIDTH = 430.0  # of a new figure, in points
_MARGINS = 28.0  # of it, left and right of the axes
_SMALL, _LINE = 9.0, 21.0  # letters of the small print, and the height of one of its lines


def energy_by_order(
    interactions: Any, *, output: int | None = None, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the energy Σ F(S)² of the Fourier terms of every order, as shares of the variance of the function.

    Parameters
    ----------
    interactions : Interactions
        The explanation of one example, or an object with the attribute ``interactions``.
    output : int, optional
        Which of K outputs, from 0; needed where there are several.
    title : str, optional
        Heading of the picture.
    ax : matplotlib Axes, optional
        Where to draw, by default a new figure.

    Returns
    -------
    matplotlib Axes
        A bar for each order. Where the spectrum lists the largest terms only, the bars are those of single
        features, of pairs and of larger sets, as in `spex_plugins.compare`.

    Raises
    ------
    InputError
        If there are several outputs and none is chosen.
    MissingExtraError
        If matplotlib is not installed.
    """
    found = one_output(interactions, output)
    check_axes(ax)
    if ax is None:
        ax = new_axes(_WIDTH, 270.0, title)
    shares, names, counts = _by_order(found)
    places = np.arange(1, len(shares) + 1)
    ax.bar(places, shares, color=_INK, width=0.6)
    style: dict[str, Any] = {"ha": "center", "va": "bottom", "size": 8.5, "color": TEXT_COLOR}
    for place, share, count in zip(places.tolist(), shares, counts, strict=True):
        ax.text(place, share + 0.02, "\n".join(filter(None, [f"{share:.1%}", count])), **style)
    ax.set_ylim(0, 1.2)
    ax.set_yticks([])
    ax.set_xticks(places, names)
    ax.tick_params(length=0, labelsize=9, labelcolor=TEXT_COLOR)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.spines["bottom"].set_color("#c3c7d0")
    write_title(ax, title, [], "share of the variance over uniform masks, by the order of the Fourier terms")
    return ax


def _by_order(found: Interactions) -> tuple[list[float], list[str], list[str]]:
    """Return shares of the variance, what they are of, and numbers of terms, "" where not all are listed."""
    spectrum = found.spectrum
    if lists_all_terms(found.function) and len(spectrum) == len(found.function.spectrum):
        energy = np.bincount(spectrum.orders, weights=spectrum.energy(), minlength=2)[1:]
        counts = np.bincount(spectrum.orders, minlength=2)[1:].tolist()
        names = [*_NAMES, *(f"sets of {k}" for k in range(4, len(energy) + 1))][: len(energy)]
        return (energy / (energy.sum() or 1.0)).tolist(), names, [counted(count, "term") for count in counts]
    shares = [share if isfinite(share) else 0.0 for share in energies(found.function).values()]
    return shares, [*_NAMES[:2], "larger sets"], [""] * 3


def r2_card(
    interactions: Any, *, output: int | None = None, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how well the fitted function predicts the model: R² with two standard errors, and the cost.

    Parameters
    ----------
    interactions : Interactions
        The explanation of one example, or an object with the attribute ``interactions``.
    output : int, optional
        Which of K outputs, from 0; needed where there are several.
    title : str, optional
        Heading of the picture.
    ax : matplotlib Axes, optional
        Where to draw, by default a new figure.

    Returns
    -------
    matplotlib Axes
        Its horizontal axis is R².

    Raises
    ------
    InputError
        If there are several outputs and none is chosen.
    MissingExtraError
        If matplotlib is not installed.
    """
    found = one_output(interactions, output)
    check_axes(ax)
    r2, error = float(found.r2), float(found.r2_error)
    known = isfinite(r2)
    interval = f"  ± {2 * error:.3f}" if known and isfinite(error) else ""
    stored = f" and {counted(found.n_stored, 'stored answer')}" if found.n_stored else ""
    about = (
        found.r2_source + (" (± two standard errors)" if interval else ""),
        f"{counted(found.n, 'feature')}; {found.n_calls:,} of {found.budget:,} model calls{stored}",
        "every mask evaluated: nothing is estimated" if found.exact else f"estimator {found.estimator}",
    )
    room = _WIDTH - _MARGINS if ax is None else title_room(ax)
    lines = [line for text in about for line in broken(text, room, _SMALL)]
    if ax is None:
        ax = new_axes(_WIDTH, 190.0 + _LINE * (len(lines) - 3), title)
    low = min(0.0, r2 - 0.1) if known else 0.0
    ax.barh(0, 1 - low, left=low, height=0.3, color="#eceef3")
    if known:
        ax.barh(0, r2, height=0.3, color=_INK)
        if isfinite(error):
            ax.errorbar(r2, 0, xerr=2 * error, color=TEXT_COLOR, capsize=4, lw=1.4)
    heading = f"R² = {r2:.3f}{interval}".replace("-", "−") if known else "R² not measured"
    ax.text(low, 0.42, heading, size=17, weight="bold", color=TEXT_COLOR, va="bottom")
    ax.text(
        low,
        -0.75,
        "\n".join(lines),
        size=_SMALL,
        color=MUTED_COLOR,
        va="top",
        parse_math=False,
        linespacing=1.5,
    )
    ax.set_xlim(low, 1)
    ax.set_ylim(-0.95 - 0.55 * len(lines), 1.3)
    ax.set_xticks(sorted({low, 0.0, 0.5, 1.0}))
    ax.xaxis.set_tick_params(length=0, labelsize=8.5, labelcolor=MUTED_COLOR, pad=-2)
    ax.spines["bottom"].set_position(("data", -0.2))
    ax.spines[:].set_visible(False)
    ax.set_yticks([])
    write_title(ax, title, [], "how well the fitted function predicts the model")
    return ax
