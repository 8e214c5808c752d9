"""The network as a self-contained HTML page: an SVG that names what is pointed at, without any script."""

from __future__ import annotations

from html import escape
from math import cos, degrees, pi, sin
from typing import TYPE_CHECKING, Any

from spex_plugins.plots.colors import shade
from spex_plugins.plots.plot_data import PlotData, RankedSet, read_plot_data, signed
from spex_plugins.plots.terms.network import FEW
from spex_plugins.plots.terms.shared_docs import with_shared_docs
from spex_plugins.result.feature_labels import displayable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["network_html"]

_RADII, _ROOM = (140.0, 300.0), 3.0  # of the circle, which has room for every feature on its radius
_LEAST_MARGIN = 60.0
_GAP = 18.0  # between the circle and the labels
_SCALES, _LARGEST = (0.62, 1.3), 920.0  # letters of 13 units have 8 pixels at least, and 17 at most
_STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --quiet: #69707d; --paper: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf0; --quiet: #a2a9b6; --paper: #16181d; } }
body { margin: 0; padding: 20px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere; }
p { color: var(--quiet); font-size: 13px; margin: 0 0 4px; }
.scroll { overflow-x: auto; }
svg { display: block; width: 100%; height: auto; margin: 0 auto; }
svg text { fill: var(--ink); dominant-baseline: central; unicode-bidi: plaintext; }
path { fill: none; stroke-linecap: round; transition: opacity .12s; }
circle { stroke: var(--quiet); }
g:hover > text { font-weight: 700; }
g.set:hover path { stroke-opacity: 1; filter: brightness(.85); }
"""


@with_shared_docs
def network_html(
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 40,
    output: int | None = None,
    words: Sequence[str] | None = None,
    title: str | None = None,
) -> str:
    """Return a self-contained HTML page with the picture of `network`, which names what is pointed at.

    Pointing at a feature fades the sets that it is not in; a set has its name and its value as a tooltip.

    Parameters
    ----------
    {which}
    top : int
        Number of interactions.
    {names}

    Returns
    -------
    str
        A page without script and external resources, in the colours of a light or a dark theme.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    content = read_plot_data(interactions, index, order, top, output, words)
    features = content.shown_features(FEW)
    angles = {i: 2 * pi * k / max(len(features), 1) - pi / 2 for k, i in enumerate(features)}
    heading = escape(displayable(str(title or "Which features act together")))
    letters = min(13.0, 1300.0 / max(len(features), 1))
    longest = max((_width(content.labels[i]) for i in features), default=0.0)
    radius = min(max(_ROOM * len(features), _RADII[0]), _RADII[1])
    corner = -radius - max(_LEAST_MARGIN, _GAP + letters * longest)
    side = -2 * corner
    size = f"min-width: {_SCALES[0] * side:.0f}px; max-width: {min(_SCALES[1] * side, _LARGEST):.0f}px"
    at = {i: (radius * cos(angle), radius * sin(angle)) for i, angle in angles.items()}
    sets = "".join(_set(content, ranked, at) for ranked in reversed(content.sets))
    discs = "".join(_feature(content, i, angles[i], radius, letters) for i in features)
    fading = "".join(
        f"svg:has(.f{i}:hover) path:not(.m{i}), svg:has(.f{i}:hover) rect:not(.m{i}) {{ opacity: .07 }}\n"
        for i in features
    )
    facts = escape("   ·   ".join(content.facts))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}{fading}</style></head>\n<body><h1>{heading}</h1><p>{facts}</p>"
        f"<p>{escape(content.caption)}; red pushes up, blue pushes down. Point at a feature or at a "
        f'curve.</p>\n<div class="scroll"><svg viewBox="{corner:g} {corner:g} {side:g} {side:g}" '
        f'style="{size}" role="img">{sets}{discs}</svg></div>'
        "</body></html>\n"
    )


def _width(label: str) -> float:
    """Return the width of a label, in sizes of its letters, that is not exceeded by usual fonts."""
    return sum(0.6 if letter.isascii() else 1.1 for letter in label)


def _set(content: PlotData, ranked: RankedSet, at: dict[int, tuple[float, float]]) -> str:
    """Return the curves of a set, and a square where three and more meet."""
    share = abs(ranked.value) / content.set_limit
    color = shade(ranked.value, content.set_limit, least=0.45)
    members = " ".join(f"m{i}" for i in ranked.features)
    ends = [at[i] for i in ranked.features]
    x, y = (sum(end[axis] for end in ends) / len(ends) for axis in (0, 1))
    style = f'class="{members}" stroke="{color}" stroke-width="{1 + 4 * share:.1f}"'
    if len(ends) == 2:
        (x0, y0), (x1, y1) = ends
        curves = [f"M{x0:.1f} {y0:.1f}Q{0.45 * x:.1f} {0.45 * y:.1f} {x1:.1f} {y1:.1f}"]
        square = ""
    else:
        x, y = 0.55 * x, 0.55 * y
        curves = [
            f"M{a:.1f} {b:.1f}Q{0.4 * a + 0.5 * x:.1f} {0.4 * b + 0.5 * y:.1f} {x:.1f} {y:.1f}"
            for a, b in ends
        ]
        square = (
            f'<rect class="{members}" x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{color}"/>'
        )
    told = escape(f"{content.name(ranked)}: {signed(ranked.value, content.set_limit)}")
    paths = "".join(f'<path d="{curve}" {style}/>' for curve in curves)
    return f'<g class="set"><title>{told}</title>{paths}{square}</g>'


def _feature(content: PlotData, feature: int, angle: float, distance: float, letters: float) -> str:
    """Return the disc and the label of a feature."""
    effect = float(content.effects[feature])
    limit = content.effect_limit or 1.0
    radius = min(1.0, letters / 13.0) * (4 + 8 * (abs(effect) / limit) ** 0.5)
    x, y, a, b = (r * part for r in (distance, distance + _GAP) for part in (cos(angle), sin(angle)))
    left = cos(angle) < -1e-9
    turned, anchor = degrees(angle) + (180 if left else 0), "end" if left else "start"
    label = escape(content.labels[feature])
    color = shade(effect, limit, least=0.3, most=0.9)
    told = escape(f"{content.labels[feature]}: own effect {signed(effect, limit)}")
    return (
        f'<g class="f{feature}"><title>{told}</title>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{color}"/>'
        f'<text transform="translate({a:.1f} {b:.1f}) rotate({turned:.1f})" font-size="{letters:.1f}" '
        f'text-anchor="{anchor}">{label}</text></g>'
    )
