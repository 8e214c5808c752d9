"""An image and its text as one picture, so that regions and words can be drawn together."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from spex_plugins.games import MultimodalGame


def page(game: MultimodalGame, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of the image above its words, and the feature that every pixel of it belongs to.

    Parameters
    ----------
    game : MultimodalGame
    scale : int
        Pixels of the picture for a pixel of the image.
    """
    pixels, regions = (
        each.repeat(scale, axis=0).repeat(scale, axis=1) for each in (game.image, game.regions)
    )
    font = ImageFont.load_default(size=30)
    width, gap, line = pixels.shape[1], 8, 52
    words = game.feature_names[game.n_regions :]
    boxes, x, y = [], gap, gap
    for word in words:
        length = int(font.getlength(word)) + 24
        if x + length > width and x > gap:
            x, y = gap, y + line + gap
        boxes.append((x, y, min(x + length, width), y + line))
        x += length + gap
    strip = Image.new("RGB", (width, y + line + gap), "white")
    labels = np.full((strip.height, width), -1)
    for i, (word, (left, top, right, bottom)) in enumerate(zip(words, boxes, strict=True)):
        ImageDraw.Draw(strip).text((left + 12, top + line / 2), word, "black", font, anchor="lm")
        labels[top:bottom, left:right] = game.n_regions + i
    return np.concatenate([pixels, np.asarray(strip)]), np.concatenate([regions, labels])
