"""What a type checker says to a user's program."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
from typing import Any
import numpy as np
from spex_plugins import Interactions
from spex_plugins.shap import SpexExplainer, SpexExplanation

def model(x: Any) -> Any:
    return x[:, 0]

explainer = SpexExplainer(model, np.zeros((3, 2)), max_evals=100, silent=True, output_names="price")
explanation: SpexExplanation = explainer(np.ones((1, 2)), max_evals="auto", outputs=[0], silent=True)
print(explanation.values, explanation.base_values, explanation[0].data, explanation.shape)
rows: list[Interactions] = explanation.interactions
found: Interactions = explanation[0].interactions
print(found.top(5), explanation.interactions[0].top(5), [row.n_calls for row in explanation.interactions])
one, other = explainer(np.ones((1, 2)), np.ones((1, 2)))
with_target: SpexExplanation = explainer(["a text"], ["its continuation"])
flat: Any = explanation[0].interaction_explanation(top=5)
values: Any = explainer.shap_values(np.ones((1, 2)), check_additivity=False)
print(explainer.expected_value, explanation.abs.mean(0), 2 * explanation, explanation.percentile(95, 0))
loaded: SpexExplainer = SpexExplainer.load(open("file", "rb"))
explainer("rows", max_evals="many")  # wrong
"""


@pytest.mark.slow
def test_a_program_of_a_user(tmp_path, monkeypatch):
    mypy = pytest.importorskip("mypy.api")
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYPYPATH", str(ROOT))
    settings = ["--strict", "--ignore-missing-imports", "--follow-imports=silent", "--cache-dir=cache"]
    output, _, status = mypy.run([*settings, "program.py"])
    lines = [line for line in output.splitlines() if "error:" in line]
    assert [line.split(":")[1] for line in lines] == [str(PROGRAM.splitlines().index(WRONG) + 1)], output
    assert status == 1


WRONG = next(line for line in PROGRAM.splitlines() if line.endswith("# wrong"))
