"""Rows of SHAP models and examples of Captum as inputs, and the command line."""

from __future__ import annotations

import re

import numpy as np
import pytest
from compare_runs import compared, run_of

from spex_plugins import InputError
from spex_plugins.queries import Queries

N = 9
WEIGHTS = np.array([2.0, -1.0, 0.0, 1.5, 0.0, 0.5, 0.0, 3.0, 1.0])


def rows_model(rows):
    rows = np.asarray(rows, dtype=float)
    return rows @ WEIGHTS + rows[:, 0] * rows[:, 3]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # SHAP 0.51 and a new matplotlib
def test_a_row_of_a_shap_model(tmp_path):
    pytest.importorskip("shap")
    pd = pytest.importorskip("pandas")
    background = np.zeros((1, N))
    row = pd.DataFrame([np.arange(1.0, N + 1)], columns=list("abcdefghi"))
    row.loc[0, "c"] = 0.0  # equals the background
    report = compared((rows_model, background, row), methods=["auto"], budgets=100, held_out=256)
    (about,) = report.inputs
    assert about.feature_names == tuple("abdefghi")
    assert about.held_out.full == pytest.approx(rows_model(row)[0])
    assert about.held_out.empty == 0
    mask = about.held_out.uniform.masks[100]
    whole = np.insert(mask, 2, True)
    assert about.held_out.uniform.values[100] == pytest.approx(rows_model(row * whole)[0])
    assert run_of(report, "auto").scores.values["r2"] == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_rows_of_a_shap_model_have_their_own_answers_in_a_store(tmp_path):
    pytest.importorskip("shap")
    calls = []

    def model(rows):
        calls.append(len(rows))
        return rows_model(rows)

    def run():
        rows = np.random.default_rng(0).normal(size=(2, N))
        games = [(model, np.zeros((1, N)), row) for row in rows]
        return compared(games, methods=["banzhaf"], store=tmp_path / "run.sqlite", fingerprint="model 1")

    first = run()
    assert first.inputs[0].held_out.full != first.inputs[1].held_out.full
    made = sum(calls)
    calls.clear()
    assert run().n_calls == 0
    assert sum(calls) < 20  # SHAP asks a few rows to learn about the model
    assert made > 200


@pytest.mark.slow
def test_an_example_of_captum_with_target_and_baselines():
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    weights = torch.tensor(np.stack([WEIGHTS, -WEIGHTS]), dtype=torch.float64)

    def forward(x):
        return x @ weights.T

    inputs = torch.ones(1, N, dtype=torch.float64)
    settings = {"target": 1, "baselines": 0.5, "feature_mask": torch.tensor([[0, 0, 0, 1, 1, 2, 3, 4, 5]])}
    report = compared((forward, inputs, settings), methods=["auto", "banzhaf"], budgets=40, held_out=64)
    (about,) = report.inputs
    assert about.feature_names == tuple(f"feature {k}" for k in range(6))
    assert about.held_out.full == pytest.approx(-WEIGHTS.sum())
    assert about.held_out.empty == pytest.approx(-WEIGHTS.sum() / 2)
    assert run_of(report, "auto").scores.values["r2"] == pytest.approx(1)
    largest = compared((forward, inputs), methods=["auto"], budgets=40, held_out=64)
    assert largest.inputs[0].held_out.full == pytest.approx(WEIGHTS.sum())  # the larger of both outputs


def test_a_forward_function_with_one_value_for_a_batch():
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    report = compared((lambda x: (x[0, 0] * x[0, 1]).item(), torch.ones(1, 4)), held_out=16, budgets=16)
    assert run_of(report, "auto").scores.values["r2"] == pytest.approx(1)


def test_unusable_examples_are_named():
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    with pytest.raises(InputError, match="inputs: must be one example, got 2"):
        compared((lambda x: x.sum(1), torch.ones(2, 4)))
    with pytest.raises(InputError, match="inputs: equal their baselines"):
        compared((lambda x: x.sum(1), torch.zeros(1, 4)))

    with pytest.raises(InputError, match=r"game: 'targets' is no setting .* are target, baselines"):
        compared((lambda x: x.sum(1), torch.ones(1, 4), {"targets": 1}))


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("row", [np.ones((2, N)), np.ones(N - 1), np.ones((0, N))])
def test_a_row_of_a_shap_model_is_one_row_of_its_background(row):
    pytest.importorskip("shap")
    with pytest.raises(InputError, match=r"row: must be one row of the 9 columns .* got shape"):
        compared((rows_model, np.zeros((1, N)), row))


def test_the_fingerprint_of_an_example_holds_its_content():
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    from spex_plugins.captum.games.example_game import ExampleGame

    def forward(x):
        return x.sum(1)

    how = Queries(store="unused.sqlite", fingerprint="model 1")
    one, same, other = (ExampleGame(forward, torch.full((1, 3), x), how).fingerprint for x in (1.0, 1.0, 2.0))
    assert one == same != other
    assert ExampleGame(forward, torch.ones(1, 3)).fingerprint is None


@pytest.mark.slow
def test_the_command_compares_on_a_classifier_in_a_folder(tmp_path, capsys):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("matplotlib")
    from spex_plugins.__main__ import main

    words = ["never", "dull", "the", "plot", "drags", "but", "cast", "charms"]
    save_classifier(transformers, words, tmp_path / "model")
    (tmp_path / "review.txt").write_text(" ".join(words))
    options = [
        "--model",
        str(tmp_path / "model"),
        "--text",
        str(tmp_path / "review.txt"),
        "--held-out",
        "256",
    ]
    options += ["--budgets", "40", "--methods", "auto", "banzhaf", "--out", str(tmp_path / "report.html")]
    options += ["--template", "the {}", "--store", str(tmp_path / "run.sqlite")]
    assert main(["compare", *options]) == 0
    printed = capsys.readouterr().out
    assert "With 40 calls" in printed
    assert re.search(r"Explained: output [01] \(LABEL_[01]\)", printed)
    assert "256 model calls in all" in printed
    assert "never" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert main(["compare", *options]) == 0
    assert "0 model calls in all" in capsys.readouterr().out


def test_the_command_explains_its_failures(tmp_path, capsys):
    from spex_plugins.__main__ import main

    assert main(["compare", "--text", str(tmp_path / "none.txt"), "--model", "x"]) == 1
    assert "none.txt" in capsys.readouterr().err
    (tmp_path / "empty.txt").write_text(" \n")
    assert main(["compare", "--text", str(tmp_path / "empty.txt"), "--model", "x"]) == 1
    assert "is empty" in capsys.readouterr().err
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    assert main(["compare", "--text", str(tmp_path / "latin.txt"), "--model", "x"]) == 1
    assert "latin.txt is not UTF-8 (byte 3)" in capsys.readouterr().err


@pytest.mark.parametrize(("out", "told"), [("none/x.html", "none does not exist"), (".", "is a folder")])
def test_the_command_looks_for_the_place_of_its_page_first(tmp_path, capsys, out, told):
    from spex_plugins.__main__ import main

    (tmp_path / "text.txt").write_text("it never fails to charm")
    options = ["--text", str(tmp_path / "text.txt"), "--model", str(tmp_path / "none")]
    assert main(["compare", *options, "--out", str(tmp_path / out)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("out: ")
    assert told in error


@pytest.mark.parametrize("store", [True, False])
def test_the_command_tells_in_one_line_what_a_stopped_run_kept(tmp_path, capsys, monkeypatch, store):
    pytest.importorskip("matplotlib")
    from spex_plugins.__main__ import main
    from spex_plugins.comparison import cli

    class Stopped:
        n, fingerprint, asked = 20, "one", 0

        def __call__(self, masks):
            if self.asked + len(masks) > 100:
                raise KeyboardInterrupt
            self.asked += len(masks)
            return masks.sum(axis=1)

    games = [Stopped(), Stopped()]
    monkeypatch.setattr(cli, "_game", lambda chosen, text: games.pop())
    (tmp_path / "text.txt").write_text("it never fails to charm")
    out, kept = tmp_path / "page.html", tmp_path / "run.sqlite"
    options = ["--text", str(tmp_path / "text.txt"), "--model", "x", "--out", str(out)]
    options += ["--store", str(kept)] if store else []
    counts = []
    for _ in range(2):
        game = games[-1]
        assert main(["compare", *options]) == 130
        (line,) = capsys.readouterr().err.splitlines()[-1:]
        counts.append(game.asked)
        if store:
            told = f"{sum(counts)} answers kept in {kept}; the same command goes on from there."
        else:
            told = f"{game.asked} model calls lost; with --store FILE, a stopped run can go on."
        assert line == f"Stopped. {told}"
    assert not out.exists()


def save_classifier(transformers, words, folder):
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers

    special = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "pad", "cls", "sep", "mask")}
    vocabulary = {word: i for i, word in enumerate([*special.values(), *words])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **special).save_pretrained(folder)
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(
        vocab_size=len(vocabulary), max_position_embeddings=32, initializer_range=1.0, **size
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)


FORWARDS = {
    "one row of weights": (lambda x, w: x.sum(1) ** 2 * w.sum(), "weights"),
    "weights of its rows": (lambda x, w: (x * w).sum(1) + x.prod(1), "weights"),
    "the mean of the call": (lambda x: x.sum(1) ** 2 - x.sum(1).mean(), None),
    "as many texts as rows": (lambda x, texts: x.sum(1) ** 2 * len(texts) / len(x), "texts"),
}


@pytest.mark.parametrize("case", FORWARDS)
def test_an_example_has_the_values_of_one_mask_per_call(case):
    torch = pytest.importorskip("torch")
    pytest.importorskip("captum")
    from spex_plugins.captum.games.example_game import ExampleGame

    forward, name = FORWARDS[case]
    extra = {"weights": (torch.tensor([[1.0, 2.0, 4.0]]),), "texts": (["one"],), None: None}[name]
    rows = []

    def counted(x, *more):
        rows.append(len(x))
        return forward(x, *more)

    x = torch.tensor([[1.0, 2.0, 3.0]])
    game = ExampleGame(counted, x, additional_forward_args=extra)
    assert sum(rows) <= 2 + (5 if name == "weights" else 3)
    masks = ((np.arange(8)[:, None] >> np.arange(3)) & 1).astype(bool)
    truth = [float(forward(x * torch.from_numpy(mask), *(extra or ()))) for mask in masks]
    np.testing.assert_allclose(game(masks), truth, atol=1e-6)
