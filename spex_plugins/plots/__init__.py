"""Plots of interactions: texts with arcs, images with links, bars, networks, matrices, and HTML pages.

The HTML pages need no other package. The plots need matplotlib (``pip install "spex-plugins[plots]"``), which
is imported when they are drawn.
"""

from spex_plugins.plots.arcs.text_arcs import text_arcs
from spex_plugins.plots.image_regions import image_regions
from spex_plugins.plots.pages.html_page import save_html, to_html
from spex_plugins.plots.pages.sources_page import save_sources_html, to_sources_html
from spex_plugins.plots.terms.beeswarm import beeswarm
from spex_plugins.plots.terms.energy import energy_by_order, r2_card
from spex_plugins.plots.terms.force import force
from spex_plugins.plots.terms.heatmap import heatmap
from spex_plugins.plots.terms.network import network
from spex_plugins.plots.terms.network_page import network_html
from spex_plugins.plots.terms.upset import upset
from spex_plugins.plots.terms.waterfall import bar, waterfall

__all__ = [
    "bar",
    "beeswarm",
    "energy_by_order",
    "force",
    "heatmap",
    "image_regions",
    "network",
    "network_html",
    "r2_card",
    "save_html",
    "save_sources_html",
    "text_arcs",
    "to_html",
    "to_sources_html",
    "upset",
    "waterfall",
]
