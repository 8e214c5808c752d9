"""Files and folders that the documentation and README name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "benchmarks/README.md",
]
FOLDERS = "benchmarks|docs|examples|tests|spex_plugins"
NAMED = re.compile(rf"\b(?:{FOLDERS})/[\w./*-]*\w/?|`(?:core|games|queries)/[\w/]+(?:\.py)?`|`\w+\.py`")

RUN = re.compile(r"python benchmarks ([a-z]\w+)")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\((?!https?:)([^)#]*)#([^)]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page):
    for found in NAMED.findall(page.read_text()):
        name = found.strip("`")
        folders = (ROOT, ROOT / "spex_plugins", ROOT / "benchmarks", *(ROOT / "benchmarks").glob("*/"))
        assert any(list(folder.glob(name)) for folder in folders), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_benchmarks_that_a_page_runs_are_there(page):
    for name in RUN.findall(page.read_text()):
        assert len(list(ROOT.glob(f"benchmarks/*/{name}.py"))) == 1, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text()):
        assert (page.parent / link).exists(), link


def anchors(text):
    """Return the anchors of the headings, as GitHub and MyST write them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_headings(page):
    for path, anchor in ANCHOR.findall(page.read_text()):
        target = page.parent / path if path else page
        assert anchor in anchors(target.read_text()), f"{path}#{anchor}"


@pytest.mark.parametrize("folder", ["benchmarks", "docs", "examples"])
def test_pictures_are_small(folder):
    pictures = [*(ROOT / folder).rglob("*.png")]
    assert pictures
    assert not [str(path) for path in pictures if path.stat().st_size > 100_000]


def test_the_paths_of_a_page_are_found():
    text = (
        "see `core/basis/indices.py`, `benchmarks/speed/decoding.py --seeds 2`, docs/pictures/*.py, `x.csv`"
    )
    assert NAMED.findall(text) == [
        "`core/basis/indices.py`",
        "benchmarks/speed/decoding.py",
        "docs/pictures/*.py",
    ]
    assert RUN.findall("`OMP_NUM_THREADS=1 python benchmarks noisy_functions --out x`") == ["noisy_functions"]
    assert ANCHOR.findall("[a](../limits.md#time), [b](#c), [d](e.md)") == [
        ("../limits.md", "time"),
        ("", "c"),
    ]
    assert anchors("# Time, cost\n\n## What *is* asked?\n") == {"time-cost", "what-is-asked"}
    assert LINK.findall("[a](../limits.md#time), [b](https://c.org), ![d](e.png)") == [
        "../limits.md",
        "e.png",
    ]
