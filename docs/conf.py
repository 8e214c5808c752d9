"""Settings of the documentation; ``make docs`` builds it, and every warning is an error."""

from __future__ import annotations

import spex_plugins

project = "spex-plugins"
author = "the spex-plugins developers"
version = release = spex_plugins.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
]
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the notebooks of the gallery hold their output, see build_gallery.py

default_role = "py:obj"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings have them, in words
autosummary_generate = False
numpydoc_show_class_members = False

html_theme = "furo"
html_title = "spex-plugins"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = html_show_sourcelink = html_show_sphinx = False
_spacing = {"sidebar-item-spacing-vertical": "0.25rem"}
html_theme_options = {
    "light_css_variables": _spacing,
    "dark_css_variables": _spacing,
    "navigation_with_keys": True,
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
