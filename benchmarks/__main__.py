"""Run a benchmark by its name: ``python benchmarks NAME``; without a name, list them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from runpy import run_module

ROOMS = ("faithfulness", "values", "recorded", "paper", "systems", "speed", "queries")
HERE = Path(__file__).parent


def scripts() -> dict[str, Path]:
    """Return the scripts by their names, room by room."""
    paths = [path for room in ROOMS for path in sorted((HERE / room).glob("[!_]*.py"))]
    return {path.stem: path for path in paths}


def main() -> None:
    """Run the script that the first argument names, with the other arguments."""
    known = scripts()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in known:
        listed = "\n".join(f"  {stem:<24}{_first_line(path)}" for stem, path in known.items())
        sys.exit(f"usage: python benchmarks NAME [--help | options of the benchmark]\n{listed}")
    del sys.argv[0]
    run_module(f"{known[name].parent.name}.{name}", run_name="__main__", alter_sys=True)


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[0]


if __name__ == "__main__":
    main()
