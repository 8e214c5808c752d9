"""Execute the scripts of ``examples/gallery`` as notebooks, and keep the picture of each for the overview.

    python docs/build_gallery.py [shap_text thousand_words …]

The notebooks hold their output, so that building the documentation executes nothing.
"""

from __future__ import annotations

import argparse
import base64
import os
import tempfile
from pathlib import Path
from time import perf_counter

import jupytext
import nbformat
from nbclient import NotebookClient
from pictures.palette import with_palette

DOCS = Path(__file__).resolve().parent
PNG = "image/png"
EXAMPLES = DOCS.parent / "examples"


def main() -> None:
    """Execute the notebooks that are named, by default all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = sorted(path.stem for path in (EXAMPLES / "gallery").glob("*.py"))
    parser.add_argument("names", nargs="*", default=names, metavar="name", help=", ".join(names))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(EXAMPLES), os.environ.get("PYTHONPATH", "")])
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    for name in parser.parse_args().names:
        start = perf_counter()
        notebook = executed(EXAMPLES / "gallery" / f"{name}.py")
        nbformat.write(notebook, DOCS / "gallery" / f"{name}.ipynb")
        first = base64.b64decode(pictures(notebook)[0][PNG])
        (DOCS / "gallery" / "pictures" / f"{name}.png").write_bytes(first)
        print(f"{name}: {perf_counter() - start:.0f} s", flush=True)


def executed(script: Path) -> nbformat.NotebookNode:
    """Return the notebook of a script with its output, the same whenever and wherever it is made."""
    notebook = jupytext.read(script)
    with tempfile.TemporaryDirectory() as folder:  # for the files that it writes
        client = NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": folder}})
        client.execute()
    notebook.metadata = {"language_info": {"name": "python"}}
    for k, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{k}", {}
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]  # progress bars
    for data in pictures(notebook):
        data[PNG] = base64.b64encode(with_palette(base64.b64decode(data[PNG]))).decode()
    return notebook


def pictures(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the outputs of a notebook that are pictures."""
    outputs = [one for cell in notebook.cells if cell.cell_type == "code" for one in cell.outputs]
    return [one.data for one in outputs if PNG in one.get("data", {})]


if __name__ == "__main__":
    main()
