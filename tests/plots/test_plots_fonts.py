"""Letters that the font lacks: another font that is installed, or a name that says what is missing."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex
from plots_sample import interactions

from spex_plugins.plots import fonts, text_arcs, waterfall

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
    first, second, last = (patch for patch in ax.patches if patch.get_gid() == "word")
    assert first.get_x() > second.get_x() > last.get_x()


def test_a_sentence_is_one_background_over_its_lines():
    sentence = "The old lighthouse of Skarholm was built in 1871 by a man who had never seen the sea."
    ax = text_arcs(interactions([sentence, "Yes.", sentence], {(0, 2): 1.0, (0,): 2.0, (2,): -2.0}))
    plt.close(ax.figure)
    drawn = [text.get_text() for text in ax.texts]
    assert all(drawn.count(word) >= 2 for word in ("lighthouse", "Skarholm", "seen"))
    boxes = [patch for patch in ax.patches if patch.get_gid() == "word"]
    assert 5 <= len(boxes) <= 7  # two or three lines each, and the short one
    assert {to_hex(box.get_facecolor()) for box in boxes[:2]} == {to_hex(boxes[0].get_facecolor())}
    assert "Parts that act together" in drawn
