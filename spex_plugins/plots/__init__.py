"""Plots of interactions: texts with arcs, images with links, a matrix of pairs, and HTML pages.

The HTML pages need no other package. The plots need matplotlib (``pip install "spex-plugins[plots]"``), which
is imported when they are drawn.
"""

from spex_plugins.plots.heatmap import heatmap
from spex_plugins.plots.html_page import save_html, to_html
from spex_plugins.plots.image_regions import image_regions
from spex_plugins.plots.sources_page import save_sources_html, to_sources_html
from spex_plugins.plots.text_arcs import text_arcs

__all__ = [
    "heatmap",
    "image_regions",
    "save_html",
    "save_sources_html",
    "text_arcs",
    "to_html",
    "to_sources_html",
]
