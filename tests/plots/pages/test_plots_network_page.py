"""The page of a network: names, values and curves are there, nothing from outside, nothing unescaped."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from plots_sample import interactions

from spex_plugins.plots import network_html


def svg_of(page):
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", page, re.DOTALL)[0])


def test_sets_and_features_are_named_with_their_values(review):
    page = network_html(review, top=6, title="On <trial>")
    svg = svg_of(page)
    titles = [title.text for title in svg.iter("title")]
    for name, value in zip(review.top(6).names, review.top(6).values, strict=True):
        assert any(title.startswith(f"{name}: {'+' if value > 0 else '−'}") for title in titles)
    shown = {i for term in review.top(6).terms for i in term}
    assert len(list(svg.iter("circle"))) == len(shown)
    paths = [path.get("class") for path in svg.iter("path")]
    for term in review.top(6).terms:
        curves = paths.count(" ".join(f"m{i}" for i in term))
        assert curves == (1 if len(term) == 2 else len(term))
    assert "On &lt;trial&gt;" in page
    assert "R² = 0.875" in page


def test_names_are_escaped_and_nothing_is_loaded():
    page = network_html(interactions(["<script>", 'a"b', "🙂", "לא"], {(0, 1): 1.0, (1, 2, 3): -1.0}))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert {"🙂", "לא"} <= {text.text for text in svg_of(page).iter("text")}


def test_pages_without_interactions():
    page = network_html(interactions(["a", "b"], {(0,): 1.0, (1,): -2.0}))
    assert "no interactions" in page
    told = [title.text for title in svg_of(page).iter("title")]
    assert told == ["a: own effect +1.00", "b: own effect −2.00"]


@pytest.mark.slow
def test_a_thousand_features_are_quick_and_small():
    rng = np.random.default_rng(0)
    moebius = {tuple(sorted(rng.permutation(1000)[:2].tolist())): rng.normal() for _ in range(200)}
    found = interactions([f"word{i}" for i in range(1000)], moebius)
    start = time.process_time()
    page = network_html(found, top=200)
    assert time.process_time() - start < 3
    assert len(page.encode()) < 1_000_000
