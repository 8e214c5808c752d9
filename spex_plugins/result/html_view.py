"""HTML for notebooks: tables that follow the theme, light or dark, with bars for values of both signs.

Colours are taken from the notebook where possible: letters and background are its own, lines and bars are
translucent. JupyterLab and VS Code mark a dark theme on the page, browsers by a media query.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

__all__ = ["DOWN_TEXT", "UP_TEXT", "facts", "signed_bar", "table", "view"]

# The colours of SHAP are too light for small letters on white; these two reach a contrast of 4.5.
UP_TEXT = "#c9003f"
DOWN_TEXT = "#0067c0"

_DARK = "--spex-up: #ff6b93; --spex-down: #5cb2ff"
_STYLE = (
    f".spex {{ --spex-up: {UP_TEXT}; --spex-down: {DOWN_TEXT}; "
    "font-size: 13px; line-height: 1.45; color: inherit }"
    "@media (prefers-color-scheme: dark) { body:not([data-jp-theme-light='true']):not(.vscode-light) .spex "
    f"{{ {_DARK} }} }}"
    f"[data-jp-theme-light='false'] .spex, .vscode-dark .spex, [data-theme='dark'] .spex {{ {_DARK} }}"
    ".spex table { border-collapse: collapse; margin: 0 0 8px; background: transparent; color: inherit }"
    ".spex caption { text-align: left; font-weight: 600; padding: 4px 0; color: inherit;"
    " width: max-content; max-width: 60ch }"
    ".spex th, .spex td { padding: 2px 10px 2px 0; border: 0; vertical-align: top; color: inherit;"
    " background: transparent; text-align: right }"
    ".spex th { text-align: left; font-weight: 600; opacity: .75; white-space: nowrap }"
    ".spex tr { border-top: 1px solid rgba(128, 128, 128, .25); background: transparent }"
    ".spex td.t { text-align: left; overflow-wrap: anywhere; max-width: 60ch; unicode-bidi: plaintext }"
    ".spex td.n { font-variant-numeric: tabular-nums; white-space: nowrap }"
    ".spex i.b { display: block; position: relative; width: 120px; height: 10px; margin-top: 4px;"
    " background: linear-gradient(#8889, #8889) center / 1px 100% no-repeat }"
    ".spex i.b u { position: absolute; top: 0; height: 100%; border-radius: 2px }"
)


def view(*parts: str) -> str:
    """Return parts of HTML with the style of this module, for ``_repr_html_``."""
    return f"<div class='spex'><style>{_STYLE}</style>{''.join(parts)}</div>"


def facts(rows: Iterable[tuple[str, str]], caption: str = "") -> str:
    """Return a table of names and texts."""
    lines = "".join(
        f"<tr><th>{escape(name)}</th><td class='t'>{escape(text)}</td></tr>" for name, text in rows
    )
    return f"<table>{_caption(caption)}{lines}</table>"


def table(rows: Iterable[Sequence[str]], caption: str = "", titles: Sequence[str] = ()) -> str:
    """Return a table of cells that are HTML already."""
    head = f"<tr>{''.join(f'<th>{escape(title)}</th>' for title in titles)}</tr>" if titles else ""
    lines = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"<table>{_caption(caption)}{head}{lines}</table>"


def signed_bar(value: float, limit: float) -> str:
    """Return a cell with a bar to the right of its middle for positive values, to the left for negative."""
    share = 50.0 * min(abs(value) / limit, 1.0) if limit and np.isfinite(value) else 0.0
    left = 50.0 if value > 0 else 50.0 - share
    color = "var(--spex-up)" if value > 0 else "var(--spex-down)"
    style = f"left:{left:.1f}%;width:{share:.1f}%;background:{color}"
    return f"<td><i class='b'><u style='{style}'></u></i></td>"


def _caption(text: str) -> str:
    return f"<caption>{escape(text)}</caption>" if text else ""
