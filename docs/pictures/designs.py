"""Draw the first masks of a run, where its budget allows all of them, a coded design, or neither.

python docs/pictures/designs.py
"""

from __future__ import annotations

import numpy as np
from style import plt, save

import spex_plugins as spex

SHOWN = 80
CASES = [
    ("n = 8, 256 masks, any estimator:\nall masks", 8, 256, None),
    ('n = 32, 256 masks, "auto":\northogonal pairs, uniform pairs', 32, 256, None),
    ('n = 32, 2,000 masks, "auto":\ncoded design and uniform masks', 32, 2000, None),
    ('n = 32, 256 masks, index="SV":\nsingles and middle sizes, in pairs', 32, 256, "SV"),
]


def main() -> None:
    """Draw four designs, one mask per row."""
    figure, axes = plt.subplots(2, 2, figsize=(7.6, 9))
    for axis, (title, n, budget, index) in zip(axes.ravel(), CASES, strict=True):
        masks = asked(n, budget, index)
        axis.imshow(masks[:SHOWN], cmap="Greys", aspect="auto", interpolation="nearest", vmax=1.2)
        axis.set(title=title, xlabel="feature", ylabel="mask, in the order asked")
        print(title.replace("\n", " "), len(masks), "masks")
    save(figure, "designs")


def asked(n: int, budget: int, index: str | None) -> np.ndarray:
    """Return the masks that a run asks for, in their order."""
    masks = []

    def value_function(batch):
        masks.append(batch)
        return batch[:, 0] * 1.0 - batch[:, 1] * batch[:, 2]

    spex.explain(value_function, n, budget=budget, index=index, progress=False)
    return np.concatenate(masks)


if __name__ == "__main__":
    main()
