"""A review, `Interactions` written down as Möbius terms, and the backgrounds of words in a picture."""

from collections import Counter
from itertools import combinations

import numpy as np

from spex_plugins import Interactions, Spectrum

_TEXT = (
    "I went in expecting very little and was not disappointed, but the film is hardly the masterpiece that "
    "critics promised. The acting is good, the photography is never less than gorgeous, and yet nothing "
    "could save the script. It is not a good film, not even a bad one; it is simply too long."
)
REVIEW = _TEXT.split()


def interactions(names, moebius, **fields):
    """Interactions whose Möbius transform is ``moebius``; values may be numbers or one per output."""
    n, fourier = len(names), {(): 0.0}
    for term, value in moebius.items():
        for size in range(len(term) + 1):
            for part in combinations(term, size):
                share = np.asarray(value) * (-1) ** size / 2 ** len(term)
                fourier[part] = fourier.get(part, 0.0) + share
    spectrum = Spectrum.from_dict(n, fourier)
    outputs = spectrum.output_shape
    defaults = {
        "n_calls": 1234,
        "budget": 2000,
        "r2": np.full(outputs, 0.875),
        "r2_source": "held-out masks",
        "estimator": "spex",
        "design": "3 groups of 16 bins",
        "full_value": np.full(outputs, -2.5),
        "empty_value": np.full(outputs, 0.25),
    }
    return Interactions(spectrum, tuple(names), **{**defaults, **fields})


def word_boxes(ax):
    """Extents in pixels and colours of the backgrounds of a text, in its order."""
    (words,) = (collection for collection in ax.collections if collection.get_gid() == "words")
    to_pixels = words.get_transform()
    return [path.get_extents(to_pixels) for path in words.get_paths()], words.get_facecolor()


def counted_numbers(ax):
    """How often each number is drawn in a disc; numbers of other digits have other outlines."""
    return sorted(Counter(len(path.vertices) for path in drawn_numbers(ax)).values())


def drawn_numbers(ax):
    """Outlines of all numbers in discs."""
    return [path for artist in ax.collections if artist.get_gid() == "numbers" for path in artist.get_paths()]
