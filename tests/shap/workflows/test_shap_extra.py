"""Without SHAP, importing the adapter says what to install; the core does not notice."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
{block}
import spex_plugins
try:
    import spex_plugins.shap
except spex_plugins.MissingExtraError as error:
    print(error)
"""


def output(block):
    run = [sys.executable, "-W", "ignore", "-c", CODE.format(block=block)]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize(("block", "told"), [("sys.modules['shap'] = None", True), ("", False)])
def test_missing_shap(block, told):
    assert ('pip install "spex-plugins[shap]"' in output(block)) == told
