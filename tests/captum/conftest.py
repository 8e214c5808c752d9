"""Nothing here is collected where Captum is not installed."""

from __future__ import annotations

import os
from importlib.util import find_spec

os.environ.setdefault("MPLBACKEND", "Agg")
# Without Captum the name finds this very folder, which has no origin.
spec = find_spec("captum")
collect_ignore_glob = [] if spec and spec.origin else ["*/test_*.py"]
