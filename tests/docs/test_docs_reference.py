"""The reference names every public name, and no other."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
MODULES = ["", ".shap", ".captum", ".comparison", ".games", ".plots", ".regions", ".queries", ".shapiq"]


@pytest.mark.parametrize("module", [f"spex_plugins{name}" for name in MODULES])
def test_the_reference_is_complete(module):
    page = REFERENCE / f"{module}.md"
    listed = re.findall(rf"^\.\. auto\w+:: {re.escape(module)}\.(\w+)$", page.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(import_module(module).__all__)


def test_every_page_of_the_reference_is_tested():
    pages = {page.stem for page in REFERENCE.glob("spex_plugins*.md")}
    assert pages == {f"spex_plugins{name}" for name in MODULES}
