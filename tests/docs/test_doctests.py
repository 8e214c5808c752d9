"""Every example of a docstring runs; where it says what it prints, it prints that."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestFinder, DocTestRunner, OutputChecker
from importlib import import_module
from pkgutil import walk_packages

import pytest
from docstring_names import NAMES

import spex_plugins


class Checker(OutputChecker):
    """An example that says nothing of its output may print anything."""

    def check_output(self, want, got, flags):
        return not want or super().check_output(want, got, flags)


def docstrings_with_examples():
    found = []
    for module in walk_packages(spex_plugins.__path__, "spex_plugins."):
        if module.name.endswith("__main__"):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                imported = import_module(module.name)
        except ImportError:  # an extra is not installed
            continue
        tests = DocTestFinder(exclude_empty=True).find(imported, module.name)
        found += [test for test in tests if test.examples]
    return found


EXAMPLES = docstrings_with_examples()


def short(name):
    return name.rpartition(".")[2]


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda test: test.name)
def test_the_examples_of_a_docstring_run(example, tmp_path, monkeypatch):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    told = []
    with ExitStack() as stack:
        stack.callback(plt.close, "all")
        example.globs = dict(NAMES.get(short(example.name), lambda _: {})(stack))
        runner = DocTestRunner(Checker(), optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)
        runner.run(example, out=told.append)
    assert not runner.failures, "".join(told)


def test_no_docstring_has_names_that_it_does_not_need():
    assert set(NAMES) <= {short(example.name) for example in EXAMPLES}
