"""Without Captum, importing the adapter says what to install; the core does not notice."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
{block}
import spex_plugins
try:
    import spex_plugins.captum
except spex_plugins.MissingExtraError as error:
    print(error)
print("shap" in sys.modules)
"""


def output(block):
    run = [sys.executable, "-W", "ignore", "-c", CODE.format(block=block)]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize(("block", "told"), [("sys.modules['captum'] = None", True), ("", False)])
def test_missing_captum(block, told):
    text = output(block)
    assert ('pip install "spex-plugins[captum]"' in text) == told
    assert text.endswith("False\n")  # the adapter does not load SHAP
