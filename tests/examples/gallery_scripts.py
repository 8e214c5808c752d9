"""How the tests run scripts of the gallery: as a reader does, or with a smaller budget."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["ROOT", "SCRIPTS", "run", "run_with"]

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SCRIPTS = {path.stem: path for path in (EXAMPLES / "gallery").glob("*.py")}


def run(name: str, folder: Path) -> str:
    """Run a script as its page says; return what it prints."""
    return _python(folder, "-m", f"gallery.{name}")


def run_with(name: str, folder: Path, old: str, new: str, checks: str) -> str:
    """Run a script with one expression changed, and checks of its variables after it."""
    script = SCRIPTS[name].read_text()
    assert script.count(old) == 1
    return _python(folder, "-c", f"{script.replace(old, new)}\n{checks}")


def _python(folder: Path, *arguments: str) -> str:
    path = os.pathsep.join(map(str, (ROOT, EXAMPLES)))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "MPLBACKEND": "Agg", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
