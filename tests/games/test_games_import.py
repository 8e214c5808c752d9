"""The package is light: a game loads what it needs when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import spex_plugins.games

ROOT = Path(spex_plugins.games.__file__).parents[2]


def _run(code):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_package_loads_no_model():
    loaded = _run("import spex_plugins.games, sys; print(*{name.split('.')[0] for name in sys.modules})")
    assert "spex_plugins" in loaded
    assert not {"torch", "transformers", "shap", "captum"} & set(loaded)


def test_what_is_missing_is_named():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from spex_plugins import MissingExtraError\n"
        "try:\n    from spex_plugins.games import MaskedPrompt\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    assert '"spex-plugins[llm]".' in _run(code)


def test_names():
    assert all(hasattr(spex_plugins.games, name) for name in spex_plugins.games.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        spex_plugins.games.Nothing  # noqa: B018
