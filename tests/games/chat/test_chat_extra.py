"""Without openai, making a game says what to install; importing it needs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
{block}
import spex_plugins
from spex_plugins.games.chat.chat_game import ChatGame
print("openai loaded:", "openai" in sys.modules and sys.modules["openai"] is not None)
try:
    ChatGame("a b", model="m", api_key="k")
except spex_plugins.MissingExtraError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("block", "told"), [("sys.modules['openai'] = None", True), ("", False)])
def test_missing_openai(block, told):
    run = [sys.executable, "-W", "ignore", "-c", CODE.format(block=block)]
    output = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert "openai loaded: False" in output
    assert ('pip install "spex-plugins[api]"' in output) == told
