"""Red for positive, blue for negative values: the colours of SHAP, safe for common colour blindness."""

from __future__ import annotations

from spex_plugins.result.html_view import DOWN_TEXT, UP_TEXT

__all__ = ["DOWN", "MUTED_COLOR", "TEXT_COLOR", "UP", "shade", "text_color", "tint"]

UP = (255, 0, 81)
DOWN = (0, 139, 251)
TEXT_COLOR = "#1f2430"
MUTED_COLOR = "#69707d"


def shade(value: float, limit: float, *, least: float = 0.0, most: float = 1.0) -> str:
    """Return the colour of a value as ``#rrggbb``.

    Parameters
    ----------
    value : float
    limit : float
        The magnitude that gets the strongest colour.
    least, most : float
        Strength of the colour at magnitudes near 0 and at ``limit``; 0 is white. The value 0 is always white.
    """
    if value == 0 or limit == 0:
        return "#ffffff"
    strength = least + (most - least) * min(abs(value) / limit, 1.0)
    base = UP if value > 0 else DOWN
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in base)


def tint(value: float, limit: float, *, most: float = 1.0) -> str:
    """Return the colour of a value as a CSS colour that lets the background through: on white, `shade`."""
    strength = most * min(abs(value) / limit, 1.0) if limit else 0.0
    base = ", ".join(map(str, UP if value > 0 else DOWN))
    return f"rgba({base}, {strength:.3f})" if strength else "transparent"


def text_color(value: float) -> str:
    """Return the colour for letters that state a value."""
    return UP_TEXT if value > 0 else DOWN_TEXT if value < 0 else MUTED_COLOR
