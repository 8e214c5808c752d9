"""Every Python block of the documentation and README runs, in the order of its page, and prints what follows.

A ``text`` block right behind a Python block is what that block prints; ``...`` in it stands for anything.
Names that a page leaves to the reader, such as "your model", come from `stand_ins`.
"""

from __future__ import annotations

import re
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import pytest
from stand_ins import STAND_INS

from spex_plugins import INDICES

ROOT = Path(__file__).parents[2]
WIDTH = 110  # of the text, docs/_static/site.css
PAGES = [*sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")), "README.md"]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>python|text)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)


@dataclass
class Block:
    """Python of a page: the number of its first line, the code, and what it is said to print."""

    line: int
    code: str
    output: str | None = None


def blocks_of(text):
    found, end = [], 0
    for match in FENCE.finditer(text):
        body = re.sub(rf"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
        if match["language"] == "python":
            found.append(Block(text[: match.start()].count("\n") + 2, body))
        elif found and not text[end : match.start()].strip():
            found[-1].output = body
        end = match.end()
    return found


WITH_CODE = [page for page in PAGES if blocks_of((ROOT / page).read_text())]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The NumPy global RNG was seeded")  # by another test, perhaps; SHAP warns
@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_runs_and_prints_what_the_page_says(page, tmp_path, monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        stack.callback(plt.close, "all")
        stack.enter_context(patch.dict(INDICES))  # a page may add one
        names = {"__name__": "__main__"} | STAND_INS.get(page, lambda _: {})(stack)
        for block in blocks_of((ROOT / page).read_text()):
            run(block, page, names)


def run(block, page, names):
    printed = StringIO()
    code = compile("\n" * (block.line - 1) + block.code, page, "exec")
    with redirect_stdout(printed):
        exec(code, names)
    if block.output is not None:
        same = OutputChecker().check_output(block.output, printed.getvalue(), ELLIPSIS | NORMALIZE_WHITESPACE)
        assert same, (
            f"{page}, line {block.line} prints\n{printed.getvalue()}\nand is said to print\n{block.output}"
        )


@pytest.mark.parametrize("page", WITH_CODE)
def test_lines_of_code_fit_on_a_page(page):
    lines = [line for block in blocks_of((ROOT / page).read_text()) for line in block.code.splitlines()]
    assert max(map(len, lines)) <= WIDTH


def test_no_page_has_stand_ins_that_it_does_not_need():
    assert set(STAND_INS) <= set(WITH_CODE)


def test_blocks_are_read_with_their_output():
    text = "a\n```python\nx = 1\n```\n\n```text\n1\n```\nb\n```text\nno output\n```\n"
    assert blocks_of(text) == [Block(3, "x = 1\n", "1\n")]


def test_a_block_that_prints_something_else_is_told():
    with pytest.raises(AssertionError, match="line 7 prints"):
        run(Block(7, "print(1)", "2\n"), "page.md", {})


def test_an_error_names_the_page_and_its_line():
    with pytest.raises(ZeroDivisionError) as raised:
        run(Block(7, "x = 1\nx / 0"), "page.md", {})
    assert raised.traceback[-1].lineno + 1 == 8
    assert str(raised.traceback[-1].path).endswith("page.md")
