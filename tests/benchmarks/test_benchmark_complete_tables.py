"""Complete tables of real games: their truth, their files, and errors of ours on one of them."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import oracles
import pytest

N = 5


@pytest.fixture
def tiny(monkeypatch):
    """A kind with one input: two games, each with 5 columns of a data set that scikit-learn brings."""
    pytest.importorskip("sklearn")
    from library.data import splits
    from library.games.complete import columns, kinds

    original = splits.split
    monkeypatch.setattr(columns, "split", lambda name, seed: original(name, seed, N))
    monkeypatch.setattr(kinds, "KINDS", kinds.KINDS | {"forest": kinds.Kind("columns", "forest", 1)})


def test_true_indices_are_those_of_the_definitions():
    from library.games.complete.true_indices import true_indices

    values = np.random.default_rng(0).normal(size=2**N)
    found = true_indices(N, values)
    shapley = oracles.shapley_value(values)
    np.testing.assert_allclose(found["SV"], [shapley[i,] for i in range(N)], rtol=0, atol=1e-12)
    for name, of in (("k-SII", oracles.k_sii(values, 2)), ("FSII", oracles.fsii(values, 2))):
        right = [float(of[pair]) for pair in combinations(range(N), 2)]
        np.testing.assert_allclose(found[name], right, rtol=0, atol=1e-12)


def test_a_value_stands_at_the_number_of_its_mask():
    from library.games.complete.game import Game, complete_table

    table = complete_table(Game(11, lambda masks: masks @ 2.0 ** np.arange(11)))
    np.testing.assert_array_equal(table, np.arange(2**11))


def test_half_of_the_games_are_reserved_for_reports():
    from library.games.complete.kinds import KINDS, names

    developed, reported = set(names(KINDS, "develop")), set(names(KINDS, "report"))
    assert not developed & reported
    assert developed | reported == set(names(KINDS, "all"))
    assert len(developed) == len(reported)


def test_from_a_model_to_a_table_of_ratios(tiny, tmp_path, capsys, monkeypatch):
    from library.games.complete.kinds import Name
    from library.per_call import Worker
    from values import complete_tables

    folder = tmp_path / "models"
    Worker.set_up(folder, None, 0)
    complete_tables.known.cache_clear()
    n, values, right = complete_tables.known(Name("forest", 1))
    assert n == N
    with np.load(folder / "forest_1_report.npz") as stored:
        np.testing.assert_array_equal(stored["values"], values)
    np.testing.assert_allclose(right["SV"].sum(), values[-1] - values[0], rtol=0, atol=1e-12)

    cell = {"game": "forest_1", "seed": 1, "method": "shapley"}
    exact = complete_tables.measured(cell | {"calls": 2**N})
    assert exact["asked"] == 2**N
    assert max(exact["errors"].values()) < 1e-9
    rough = cell | {"calls": 20, "at": "2026-11-29 09:00"}
    rough |= complete_tables.measured(rough)
    assert rough["asked"] <= 20
    assert 1e-3 < rough["errors"]["SV"] < 1

    # Peers need an interpreter of their own: one whose errors are twice ours stands for them.
    peer = rough | {"method": "SV:Twice", "errors": {"SV": 2 * rough["errors"]["SV"]}}
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "one.jsonl").write_text(f"{json.dumps(rough)}\n{json.dumps(peer)}\n")
    kept = tmp_path / "kept"
    kept.mkdir()
    options = ["--which", "report", "--out", tmp_path, "--kept", kept, "--ours", "shapley"]
    again = [*options, "--keep", kept / "medians.jsonl"]
    for arguments in (again, options):  # the second time from what was kept
        monkeypatch.setattr("sys.argv", ["complete_tables.py", "--report", *map(str, arguments)])
        capsys.readouterr()
        complete_tables.main()
        assert "| SV | 1 | 0.500 | 0 | 0.50 (forest, 20) |" in capsys.readouterr().out
        (tmp_path / "cells" / "one.jsonl").write_text("")


def test_a_method_that_asks_too_much_fails(tiny, tmp_path, monkeypatch):
    from library.per_call import Worker
    from values import complete_tables

    Worker.set_up(tmp_path, None, 0)
    complete_tables.known.cache_clear()
    monkeypatch.setattr(complete_tables, "_estimates", _greedy)
    cell = {"game": "forest_0", "seed": 1, "method": "greedy", "calls": 8}
    report = complete_tables.measured(cell)
    assert report["asked"] == 9
    assert report["failed"] == "asked 9 masks instead of 8"


def _greedy(method, value, n, calls, seed):
    from library.methods.index_estimates import Estimates

    value(np.ones((calls + 1, n)))
    return Estimates({}, 0.0)
