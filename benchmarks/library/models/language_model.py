"""The small language model of ``examples/language_models/small_llm.py``, without a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.append(str(Path(__file__).parents[3] / "examples" / "language_models"))

import small_llm

__all__ = ["small_llm"]
