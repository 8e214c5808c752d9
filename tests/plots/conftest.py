"""Every figure is closed after its test."""

import matplotlib
import pytest
from plots_sample import REVIEW, interactions

matplotlib.use("Agg")


@pytest.fixture
def review():
    """Adjacent, distant and repeated words, over one line and over several, and one triple."""
    at = {word.strip(".,;"): i for i, word in reversed(list(enumerate(REVIEW)))}
    second_not = [i for i, word in enumerate(REVIEW) if word == "not"][1]
    second_good = [i for i, word in enumerate(REVIEW) if word.startswith("good")][1]
    moebius = {
        (at["good"],): 0.8,
        (at["gorgeous"],): 1.1,
        (at["long"],): -0.6,
        (second_not, second_good): -1.83,
        (at["not"], at["disappointed"]): 1.2,
        (at["hardly"], at["masterpiece"]): -1.3,
        (at["expecting"], at["long"]): -0.4,
        (at["went"], at["script"]): 0.3,
        (at["never"], at["less"], at["gorgeous"]): 0.9,
    }
    return interactions(REVIEW, moebius)


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
