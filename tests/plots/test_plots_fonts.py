"""Letters that the font lacks: another font that is installed, or a name that says what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from plots_sample import interactions, word_boxes

from spex_plugins.plots import fonts, text_arcs, waterfall
from spex_plugins.result.feature_labels import joined

STIX = str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf")
FRAKTUR = "\U0001d504"  # in STIX, not in DejaVu Sans


@pytest.fixture
def installed(monkeypatch):
    """Replace the fonts that are installed besides the default one."""

    def install(*fonts_of_text):
        fonts._other_family.cache_clear()
        monkeypatch.setattr(fonts, "_other_fonts", lambda: list(fonts_of_text))

    install()
    yield install
    fonts._other_family.cache_clear()


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("plain × good₂ שלום سلام", "plain × good₂ שלום سلام"),
        ("fine 🙂", "fine [slightly-smiling-face]"),
        ("🙂🏽", "[slightly-smiling-face]"),
        ("中文 a 日", "\ufffd a \ufffd"),
        ("line\n", "line\n"),
    ],
)
def test_what_no_font_has_is_named(installed, text, drawn):
    assert fonts.drawable(text) == drawn


def test_an_installed_font_is_used(installed):
    installed(("STIXGeneral", STIX))
    assert fonts.drawable(FRAKTUR) == FRAKTUR
    assert fonts.families(["plain"]) == mpl.rcParams["font.family"]
    assert fonts.families([f"a{FRAKTUR}"]) == [*mpl.rcParams["font.family"], "STIXGeneral"]
    found = interactions([FRAKTUR, "b"], {(0, 1): 1.0})
    for ax in (text_arcs(found), waterfall(found)):  # warnings about missing letters are errors
        ax.figure.canvas.draw()
        assert any(FRAKTUR in text.get_text() for text in [*ax.texts, *ax.get_yticklabels()])


def test_names_that_look_alike_without_their_font_are_told_apart(installed):
    found = interactions(["中", "日", "b"], {(0, 1): 1.0})
    assert "\ufffd₁ × \ufffd₂" in " ".join(text.get_text() for text in text_arcs(found).texts)


def test_a_text_from_right_to_left_begins_at_the_right():
    ax = text_arcs(interactions(["שלום", "עולם", "🙂"], {(0, 1): 1.0}))
    (first, second, last), _ = word_boxes(ax)
    assert first.x0 > second.x0 > last.x0


def test_a_sentence_is_one_background_over_its_lines():
    sentence = "The old lighthouse of Skarholm was built in 1871 by a man who had never seen the sea."
    ax = text_arcs(interactions([sentence, "Yes.", sentence], {(0, 2): 1.0, (0,): 2.0, (2,): -2.0}))
    plt.close(ax.figure)
    drawn = [text.get_text() for text in ax.texts]
    assert all(drawn.count(word) >= 2 for word in ("lighthouse", "Skarholm", "seen"))
    boxes, colors = word_boxes(ax)
    assert 5 <= len(boxes) <= 7  # two or three lines each, and the short one
    assert {to_hex(color) for color in colors[:2]} == {to_hex(colors[0])} != {to_hex(colors[-1])}
    assert "Parts that act together" in drawn


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["שלום", "hello", "עולם"], {"\u200f\u2068שלום\u2069 × \u200fhello × \u200f\u2068עולם\u2069"}),
        (["hello", "world", "שלום"], {"hello × world × \u2068שלום\u2069"}),
        (["hello", "world", "today"], {"hello × world × today"}),
    ],
)
def test_the_words_of_a_set_are_in_the_order_of_the_text(words, names, monkeypatch):
    found = interactions(words, {(0, 1, 2): 2.0})
    for version, expected in [
        ((3, 11, 0), names),
        ((3, 10, 8), {re.sub("[\u200f\u2068\u2069]", "", *names)}),
    ]:
        monkeypatch.setattr(mpl, "__version_info__", version, raising=False)
        ax = waterfall(found, order=3)
        assert expected <= {label.get_text().replace("\n", " ") for label in ax.get_yticklabels()}
        ax = text_arcs(found, order=3)
        assert expected <= {text.get_text() for text in ax.texts}
        plt.close("all")


@pytest.mark.skipif(mpl.__version_info__ < (3, 11), reason="letters are ordered from matplotlib 3.11 on")
@pytest.mark.parametrize("from_right", [False, True])
def test_marks_of_direction_order_what_is_drawn(from_right):
    """The picture of a marked name is that of its letters written down from left to right."""

    def drawn(text):
        figure = plt.figure(figsize=(4, 1))
        figure.text(0.1, 0.4, text)
        figure.canvas.draw()
        return np.array(figure.canvas.buffer_rgba())

    shown = drawn(joined(["אב", "cd", "הו"], from_right))
    words = ["\u202d" + word + "\u202c" for word in ("בא", "cd", "וה")]  # in the order of their letters
    np.testing.assert_array_equal(shown, drawn(" × ".join(words[::-1] if from_right else words)))
    plt.close("all")
