"""``python -m spex_plugins store info|export``."""

from __future__ import annotations

import sys

from spex_plugins.queries.store.cli import main

if __name__ == "__main__":
    sys.exit(main())
