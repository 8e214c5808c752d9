"""A result as text and as HTML: what is named, counted, cut and escaped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_results import build

from spex_plugins import Interactions, Spectrum


def test_repr_tells_cost_faithfulness_and_the_strongest_sets(found):
    text = repr(found)
    for part in (
        "30 of 32",
        "0.875",
        "cross-validated on 20 uniform masks",
        "masks       30 distinct masks",
        "spex: 8 terms kept",
        "strongest",
    ):
        assert part in text
    assert found.top(1).names[0] in text
    assert len(text.splitlines()) <= 13


def test_html_is_escaped(found):
    for html in (found._repr_html_(), found.index("FSII", order=3)._repr_html_()):
        assert "<b>film" not in html
        assert "<made up>" not in html
        assert html.count("<table>") == html.count("</table>") > 0
    everything = found.index("Moebius", order=1)._repr_html_()
    assert "&lt;b&gt;film&lt;/b&gt;" in everything
    assert "a &amp; b" in everything


def test_many_outputs_are_counted_where_not_all_are_shown():
    function = Spectrum.from_dict(2, {(0, 1): [-4.0, 4.0, -0.0, 4.0, 0.0, 4.0, 8.0, 4.0]})
    found = build(8, ("a", "b"), function)
    for text in (repr(found), found._repr_html_(), repr(found.top(1))):
        assert "… (8)" in text
        assert "-0  " not in text
    assert "0.875, 0.875, 0.875, 0.875, 0.875, 0.875, … (8) (cross-validated" in repr(found)
    assert "…" not in repr(found.output(range(6)).top(1))


def test_long_tables_are_cut_in_their_repr():
    names = tuple(f"x{i}" for i in range(20))
    spectrum = Spectrum.from_dict(20, {(i,): 1.0 + i for i in range(20)})
    text = repr(build(names=names, spectrum=spectrum).index("Fourier"))
    assert "… 10 more" in text
    assert text.splitlines()[0] == "Fourier, order ≤ 2: 20 sets"
    assert len(text.splitlines()) == 12


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_nothing_found_can_be_shown(outputs, tmp_path):
    found = build(spectrum=Spectrum.zero(5, outputs))
    assert "terms       none" in repr(found)
    assert "<table>" in found._repr_html_()
    assert len(found.index()) == len(found.top()) == len(found.index().to_frame()) == 0
    assert found.index("SV").first_order().shape == (5, *outputs)
    assert (found.index("SV").baseline == 0).all()
    found.save(tmp_path / "x")
    assert len(Interactions.load(tmp_path / "x").spectrum) == 0


def test_estimator_masks_and_r2_are_named():
    text, page = repr(build()), build()._repr_html_()
    assert "  estimator   spex: 8 terms kept\n" in text
    assert "  masks       30 distinct masks: <made up>\n" in text
    assert "  R²          0.875 (cross-validated on 20 uniform masks)\n" in text
    assert "30 distinct masks: &lt;made up&gt;</td>" in page


def test_r2_that_was_not_measured_is_shown_as_such():
    found = replace(build(), r2=np.array(np.nan), r2_source="not measured")
    assert "nan (not measured)" in repr(found)


def test_the_summary_shares_the_variance_among_the_orders():
    spectrum = Spectrum.from_dict(4, {(): 9.0, (0,): 1.0, (1,): 1.0, (0, 1): 1.0, (1, 2, 3): -1.0})
    found = Interactions(spectrum, tuple("abcd"), 5, 5, np.array(0.5), "test", "none", "no plan")
    text = "2 of order 1 (50% of the variance), 1 of order 2 (25% of the variance), 1 of order 3 (25% "
    assert text in repr(found)
    assert text in found._repr_html_()
