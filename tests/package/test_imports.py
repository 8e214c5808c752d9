"""The import is light, its names are complete, and its version is the installed one."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module, metadata
from inspect import isclass, isfunction, ismodule
from pathlib import Path

import pytest

import spex_plugins

HEAVY = (
    *("scipy", "torch", "shap", "captum", "transformers", "matplotlib", "sklearn", "pandas", "tqdm"),
    *("cloudpickle", "dask", "distributed", "loky"),
)
ROOT = Path(spex_plugins.__file__).parents[1]
LAZY = {"compare"}  # loaded on their first use
HOSTS = (
    "shap",
    "captum",
    "plots",
    "games",
    "language_models",
    "shapiq",
    "clients",
)  # need their extras
FILES = (path.relative_to(ROOT).with_suffix("") for path in ROOT.glob("spex_plugins/**/*.py"))
MODULES = sorted(
    ".".join(file.parts) for file in FILES if file.parts[1] not in HOSTS and file.name != "__init__"
)


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_after(code):
    return set(run(f"{code}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})").split())


@pytest.mark.parametrize("code", ["import spex_plugins", "from spex_plugins import *"])
def test_the_import_loads_no_host(code):
    loaded = loaded_after(code)
    assert {"spex_plugins", "numpy"} <= loaded
    assert not loaded & set(HEAVY)


def test_a_heavy_import_would_be_noticed():
    """Negative control: tqdm is loaded as soon as a value function is asked."""
    loaded = loaded_after(
        "import spex_plugins\nspex_plugins.explain(lambda m: m[:, 0], 2, budget=4, progress=False)"
    )
    assert loaded & set(HEAVY) == {"tqdm"}


@pytest.mark.slow
def test_the_import_takes_less_than_half_a_second_of_the_processor():
    """Of its own time, and the best of five: other work on the machine only adds."""
    code = "from time import process_time as t; s = t(); import spex_plugins; print(t() - s)"
    assert min(float(run(code)) for _ in range(5)) < 0.5


def test_every_public_name_is_exported_in_order():
    public = {
        name for name, value in vars(spex_plugins).items() if not name.startswith("_") and not ismodule(value)
    }
    public = (public | LAZY) - {"Any", "TYPE_CHECKING", "annotations"}
    assert set(spex_plugins.__all__) == public
    # Constants, classes, functions, as the linter sorts them.
    assert spex_plugins.__all__ == sorted(public, key=lambda name: (not name.isupper(), name.islower(), name))


@pytest.mark.parametrize("name", MODULES)
def test_modules_list_what_they_define(name):
    module = import_module(name)
    listed = getattr(module, "__all__", [])
    assert all(hasattr(module, each) for each in listed)
    defined = {
        each
        for each, value in vars(module).items()
        if (isclass(value) or isfunction(value)) and value.__module__ == name and not each.startswith("_")
    }
    assert defined <= set(listed)


def test_exported_names_are_documented():
    undocumented = [n for n in spex_plugins.__all__ if not getattr(spex_plugins, n).__doc__]
    assert not undocumented


def test_the_version_is_that_of_the_installed_package():
    try:
        installed = metadata.version("spex-plugins")
    except metadata.PackageNotFoundError:
        pytest.skip("spex-plugins runs from a checkout here")
    assert spex_plugins.__version__ == installed


def test_the_citation_names_the_version():
    assert f"\nversion: {spex_plugins.__version__}\n" in (ROOT / "CITATION.cff").read_text()
