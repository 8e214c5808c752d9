"""Displays in notebooks follow the theme, and hold the same as in a terminal."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum

import spex_plugins as spex
from spex_plugins.result.html_view import facts, signed_bar, table, view


@pytest.fixture
def found():
    truth = random_spectrum(5, 8, 3, np.random.default_rng(0))
    return spex.explain(truth.predict, 5, budget=32, progress=False)


def test_everything_displays_with_the_same_style(found):
    shown = [found, found.index(), found.smallest_keeping(), spex.plan(20, 100)]
    pages = [one._repr_html_() for one in shown]
    assert all(page.startswith("<div class='spex'><style>") and page.endswith("</div>") for page in pages)
    assert len({page.split("</style>")[0] for page in pages}) == 1
    assert all(page.count("<style>") == 1 for page in pages)


def test_dark_themes_change_the_colours_of_signs():
    page = view()
    assert "prefers-color-scheme: dark" in page
    for theme in ("data-jp-theme-light='false'", ".vscode-dark"):
        assert theme in page
    assert "background: #fff" not in page


def test_a_plan_says_the_same_as_in_a_terminal():
    plan = spex.plan(64, 2000, seconds_per_call=0.1, price=0.0002)
    page = plan._repr_html_()
    for line in repr(plan).splitlines()[1:]:
        assert line[14:] in page


def test_bars_point_to_the_side_of_their_sign():
    assert "left:50.0%;width:25.0%;background:var(--spex-up)" in signed_bar(1.0, 2.0)
    assert "left:25.0%;width:25.0%;background:var(--spex-down)" in signed_bar(-1.0, 2.0)
    assert "width:0.0%" in signed_bar(0.0, 0.0)
    assert "width:0.0%" in signed_bar(np.nan, 1.0)


def test_texts_are_escaped_and_cells_are_not():
    assert facts([("<a>", "b & c")], "<i>") == (
        "<table><caption>&lt;i&gt;</caption><tr><th>&lt;a&gt;</th><td class='t'>b &amp; c</td></tr></table>"
    )
    assert table([["<td>1</td>"]], titles=["<"]) == "<table><tr><th>&lt;</th></tr><tr><td>1</td></tr></table>"
