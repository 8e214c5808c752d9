"""The scripts of the gallery run, and the notebooks of the documentation are what they say."""

from __future__ import annotations

import base64
import json
import re

import pytest
from gallery_scripts import ROOT, SCRIPTS, run, run_with

NOTEBOOKS = {path.stem: json.loads(path.read_text()) for path in (ROOT / "docs/gallery").glob("*.ipynb")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "needs", "told"),
    [
        ("shap_table", ("shap", "sklearn"), "body mass × blood pressure"),
        ("closed_api", ("openai",), "0 of them bounds"),
        ("thousand_words", (), "14 of 14 pairs are found"),
        ("dask_workers", ("distributed",), "x3 × x17"),
        ("store_and_resume", ("sklearn",), "800: 400 new calls, 400 from the store"),
    ],
)
def test_a_script_says_what_is_true(name, needs, told, tmp_path):
    for package in ("matplotlib", *needs):
        pytest.importorskip(package)
    assert told in run(name, tmp_path)


@pytest.mark.slow
def test_regions_of_an_image(tmp_path):
    for package in ("captum", "efficientnet_lite_pytorch", "sklearn", "matplotlib"):
        pytest.importorskip(package)
    shown = "print(target, found.n, found.n_calls)"
    told = run_with("image_regions", tmp_path, "n_samples=400", "n_samples=80", shown)
    assert told.endswith("985 39 80\n")


@pytest.mark.slow
def test_a_comparison(tmp_path):
    for package in ("sklearn", "pandas", "matplotlib"):
        pytest.importorskip(package)
    told = run_with(
        "comparison", tmp_path, "[60, 100, 200]", "[60]", "print(report.n_calls, report.recommend())"
    )
    assert re.match(r"\d+ With 60 calls", told)


def test_every_script_has_its_notebook_and_its_place_in_the_overview():
    assert SCRIPTS.keys() == NOTEBOOKS.keys()
    overview = (ROOT / "docs/gallery/index.md").read_text()
    for name in SCRIPTS:
        assert f":link: {name}\n" in overview
        assert f"\n{name}\n" in overview
        assert (ROOT / f"docs/gallery/pictures/{name}.png").stat().st_size < 100_000


def code_of(script):
    """The code cells of a script in percent format."""
    cells = script.split("\n# %%")[1:] if script.startswith("\n") else f"\n{script}".split("\n# %%")[1:]
    return [cell.strip() for cell in cells if not cell.startswith(" [markdown]")]


@pytest.mark.parametrize("name", sorted(NOTEBOOKS))
def test_a_notebook_was_made_from_the_script_as_it_is(name):
    cells = [cell for cell in NOTEBOOKS[name]["cells"] if cell["cell_type"] == "code"]
    assert ["".join(cell["source"]).strip() for cell in cells] == code_of(SCRIPTS[name].read_text())


@pytest.mark.parametrize("name", sorted(NOTEBOOKS))
def test_a_notebook_shows_pictures_and_no_errors(name):
    outputs = [one for cell in NOTEBOOKS[name]["cells"] for one in cell.get("outputs", ())]
    assert not [one for one in outputs if one["output_type"] == "error" or one.get("name") == "stderr"]
    pictures = [one["data"]["image/png"] for one in outputs if "image/png" in one.get("data", {})]
    assert pictures
    assert all(len(base64.b64decode(picture)) < 100_000 for picture in pictures)
