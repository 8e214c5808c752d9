"""`ReplyGame` and `ChatReplies`: similarities of replies, computed by hand, and faults of calls."""

from __future__ import annotations

import asyncio
import pickle
from collections import Counter

import numpy as np
import pytest
from film_rating import TEXT, rating
from oracles import all_masks

from spex_plugins import (
    InputError,
    PartialAnswerError,
    ValueFunctionError,
    explain,
    explain_levels,
    explain_noisy,
)
from spex_plugins.games import Embedded, ReplyGame
from spex_plugins.games.replies.similarity import cosine, exact_match, number_match


@pytest.mark.parametrize(
    ("reply", "reference", "value"),
    [
        ("Rome.", "rome", 1), ("The Rome", "Rome!", 1), ("Roma", "Rome", 0), ("", "Rome", 0),
        ("दिन", "दान", 0), ("👍", "👎", 0), ("👍!", "👍", 1), ("", "A", 0), ("a", "A.", 1), ("...", "!", 0),
        ("-5", "5", 0), ("-5", "\u22125", 1), ("3-5", "3 5", 1), ("x > y", "x < y", 0), ("C#", "C", 0),
        ("$5", "5", 1), ("well-known", "well known", 1), ("don't", "don’t", 1),
        ("cafe\u0301", "caf\u00e9", 1), ("CAFE\u0301", "caf\u00e9", 1), ("\u212b", "A\u030a", 1),
        ("cafe", "café", 0), ("x²", "x2", 0), ("\u0345", "\u03b9", 1),
    ],
)  # fmt: skip
def test_exact_match(reply, reference, value):
    assert exact_match(reply, reference) == value


@pytest.mark.parametrize(
    ("reply", "reference", "value"),
    [
        ("so it costs 1,200.0 crowns", "3 times 400 is 1200", 1), ("-5", "−5", 1), ("5", "-5", 0),
        ("none", "none", 0), ("about .5", "0.5", 1), ("12", "1", 0), ("5", "3-5", 1), ("(-5)", "-5", 1),
        ("7", "2024-05-07", 1), ("1e-3", "0.001", 1),
    ],
)  # fmt: skip
def test_number_match(reply, reference, value):
    assert number_match(reply, reference) == value


def test_cosine_by_hand():
    reference = "Anna lives in Rome. Anna likes Rome."
    idf = {"anna": 1 + np.log(3 / 3), "rome": 1 + np.log(3 / 3), "lives": 1 + np.log(3 / 2)}
    idf |= {"in": idf["lives"], "likes": idf["lives"], "paris": 1 + np.log(3)}
    one = {"anna": 2, "rome": 2, "lives": 1, "in": 1, "likes": 1}
    other = {"anna": 1, "lives": 1, "paris": 1}
    weigh = [np.array([counts.get(word, 0) * idf[word] for word in idf]) for counts in (one, other)]
    expected = weigh[0] @ weigh[1] / np.linalg.norm(weigh[0]) / np.linalg.norm(weigh[1])
    assert cosine("Anna lives: Paris", reference) == pytest.approx(expected)
    assert cosine(reference, reference) == pytest.approx(1.0)
    assert cosine("", reference) == 0.0


def test_cosine_of_canonically_equivalent_texts():
    assert cosine("un cafe\u0301 noir", "un caf\u00e9 noir") == pytest.approx(1.0)


def test_cosine_of_replies_without_words():
    assert cosine("👍", "👍") == cosine("?!", "?!") == 1.0
    assert cosine("👍", "👎") == cosine("दिन", "दान") == 0.0


def test_embeddings():
    vectors = {"a": [1.0, 0.0], "b": [1.0, 1.0], "zero": [0.0, 0.0]}
    near = Embedded(lambda texts: np.array([vectors[text] for text in texts]))
    assert near("a", "b") == pytest.approx(np.sqrt(0.5))
    assert near("zero", "b") == 0.0
    with pytest.raises(InputError, match=r"^embed"):
        Embedded(lambda texts: [1.0])("a", "b")
    with pytest.raises(InputError, match=r"^embed"):
        Embedded(3)


async def slow_rating(prompt):
    await asyncio.sleep(0.001)
    return rating(prompt)


@pytest.mark.parametrize("reply", [rating, slow_rating, lambda prompt: slow_rating(prompt)])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_every_value_is_that_of_its_own_reply(reply, concurrency):
    game = ReplyGame(reply, TEXT, similarity="exact", concurrency=concurrency)
    assert game.reference == "The film is good."
    masks = all_masks(6)
    np.testing.assert_array_equal(game(masks), (masks[:, 0] & masks[:, 5]) * 1.0)
    assert explain(game, progress=False).index("Moebius").top(1).names == ["never × dull"]


def test_template_replacement_and_equal_prompts():
    asked = Counter()

    def reply(prompt):
        asked[prompt] += 1
        return rating(prompt)

    game = ReplyGame(reply, "dull dull", template="Say: {}!", reference="x")
    game(all_masks(2))
    assert asked == {"Say: dull dull!": 1, "Say: dull!": 1, "Say: !": 1}
    other = ReplyGame(reply, "dull dull", template="Say: {}!", reference="x", replacement="_")
    assert other.prompt(np.array([True, False])) == "Say: dull _!"
    assert other.work(all_masks(2))[0] == len("Say: _ _!") / 4


def test_repeats_are_averaged_and_have_numbers():
    class Sampled:
        def __call__(self, prompt):
            raise AssertionError("many is used")

        def many(self, prompts, repeats):
            self.repeats = list(repeats)
            return [f"number {repeat % 2}" for repeat in repeats]

    reply = Sampled()
    game = ReplyGame(reply, TEXT, reference="number 1", similarity="number", repeats=4)
    np.testing.assert_array_equal(game(all_masks(2) @ np.eye(2, 6, dtype=bool)), 0.5)
    assert sorted(set(reply.repeats)) == [0, 1, 2, 3]
    assert game.sample(np.ones((1, 6), bool), np.array([3]))[0] == 1.0
    assert game.work(np.ones((1, 6), bool))[0] == len(TEXT)


def test_a_judge_is_asked_once_for_equal_replies():
    asked = []

    def judge(reply, reference):
        asked.append(reply)
        return len(reply) / len(reference)

    game = ReplyGame(rating, TEXT, similarity=judge)
    game(all_masks(6))
    assert sorted(asked) == ["The film is awful.", "The film is good."]


@pytest.mark.parametrize("error", [ConnectionError("the judge is down"), KeyboardInterrupt()])
def test_replies_are_kept_where_the_judge_fails(error):
    asked, paid = [], []

    def judge(reply, reference):
        asked.append(reply)
        if len(asked) == 10:
            raise error
        return float(len(reply))

    def reply(prompt):
        paid.append(prompt)
        return prompt

    game = ReplyGame(reply, "a b c d", similarity=judge, reference="z")
    with pytest.raises((PartialAnswerError, KeyboardInterrupt)):
        game(all_masks(4))
    np.testing.assert_array_equal(game(all_masks(4)), [len(game.prompt(mask)) for mask in all_masks(4)])
    assert len(paid) == len(set(paid)) == 16
    assert not game._paid


def test_finished_repeats_are_kept_where_a_call_fails():
    calls = []

    def reply(prompt):
        calls.append(prompt)
        if len(calls) == 60:
            raise RuntimeError("boom")
        return prompt

    game = ReplyGame(reply, "a b c d", repeats=5, reference="a b c d", concurrency=1)
    with pytest.raises(PartialAnswerError) as raised:
        game(all_masks(4))
    assert raised.value.answered.sum() == 11  # with five calls each, and four of the twelfth
    game(all_masks(4)[~raised.value.answered])
    assert len(calls) == 16 * 5 + 1


def test_sampled_replies_are_explained_with_their_noise():
    rng = np.random.default_rng(0)

    def reply(prompt):
        return rating(prompt) if rng.random() < 0.8 else "I cannot say."

    game = ReplyGame(reply, TEXT, similarity="exact", reference="The film is good.", concurrency=1)
    found = explain_noisy(game, budget=400, progress=False)
    assert found.interactions.index("FBII").top(1).names == ["never × dull"]
    assert float(found.noise) == pytest.approx(np.sqrt(0.16 / 4), abs=4 * float(found.noise_error))


def test_documents():
    documents = {"letter": "It was never good.", "diary": "It was dull. Or not.", "atlas": "Rome."}
    game = ReplyGame.of_documents(
        lambda prompt: rating(prompt.replace(".", "")),
        "How was it?",
        documents,
        features="sentence",
        similarity="exact",
    )
    assert game.documents == documents
    assert game.prompt(np.array([0, 1, 0, 0], bool)) == "diary: It was dull.\n\nQuestion: How was it?"
    found = explain_levels(game, budget=24, progress=False)
    opened = {found.groups.feature_names[group] for group in found.chosen}
    assert opened == {"letter", "diary", "atlas"}  # there are calls for all
    assert found.interactions.top(1).names == ["letter × diary: It was dull"]


def test_failed_calls_keep_the_others():
    def reply(prompt):
        if prompt.startswith("was"):
            raise ConnectionError("gone")
        return rating(prompt)

    game = ReplyGame(reply, TEXT, similarity="exact", concurrency=1)
    masks = np.array([[1] * 6, [1, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]], bool)
    with pytest.raises(PartialAnswerError, match="ConnectionError: gone") as raised:
        game(masks)
    np.testing.assert_array_equal(raised.value.answered, [True, True, False, False])
    np.testing.assert_array_equal(raised.value.values[:2], [1.0, 0.0])


@pytest.mark.parametrize("stated", [{"reference": "nine crowns"}, {}])
def test_a_reference_to_which_no_reply_is_similar(stated):
    """All values were 0, and the explanation exact."""
    with pytest.raises(InputError, match=r"^reference: to 'nine crowns', no reply is similar by 'number'"):
        ReplyGame(lambda prompt: "nine crowns", TEXT, similarity="number", **stated)


@pytest.mark.parametrize("wrong", [None, "text", np.nan, [1, 2]])
def test_a_judge_that_gives_no_number(wrong):
    game = ReplyGame(rating, TEXT, similarity=lambda reply, reference: wrong)
    with pytest.raises(InputError, match=r"^similarity"):
        game(np.ones((1, 6), bool))


def test_a_function_that_returns_no_text():
    with pytest.raises(TypeError, match="None"):
        ReplyGame(lambda prompt: None, TEXT)
    game = ReplyGame(lambda prompt: 3, TEXT, reference="x")
    with pytest.raises(ValueFunctionError) as raised:
        explain(game, budget=10, progress=False)
    assert "reply: must return a text" in str(raised.value)


def test_fingerprints(tmp_path):
    settings = {"fingerprint": "model 1", "reference": "The film is good."}
    game = ReplyGame(rating, TEXT, **settings)
    assert game.fingerprint == ReplyGame(rating, TEXT, **settings).fingerprint
    changes = [{"fingerprint": "model 2"}, {"reference": "x"}, {"template": "{}."}, {"replacement": "_"},
               {"repeats": 2}, {"features": "sentence"}]  # fmt: skip
    others = {ReplyGame(rating, TEXT, **settings | change).fingerprint for change in changes}
    assert len(others | {game.fingerprint}) == len(changes) + 1
    assert ReplyGame(rating, TEXT).fingerprint is None
    with pytest.raises(InputError, match=r"^fingerprint"):
        explain(ReplyGame(rating, TEXT), budget=10, store=tmp_path / "run.sqlite")


def test_a_given_fingerprint_does_not_stand_for_the_parts_that_have_one():
    def judge(reply, reference):
        return float(len(reply))

    class Model:
        def __init__(self, name):
            self.fingerprint = name

        def __call__(self, prompt):
            return prompt

    given = {"text": TEXT, "reference": "r"}
    judged = {"similarity": judge, "fingerprint": "judge 1"}
    found = [ReplyGame(Model(name), **given, **judged).fingerprint for name in "aab"]
    assert found[0] == found[1] != found[2]
    named = [
        ReplyGame(rating, **given, similarity=s, fingerprint="a").fingerprint for s in ("exact", "cosine")
    ]
    assert named[0] != named[1]
    assert ReplyGame(Model("a"), **given, similarity=judge).fingerprint is None


def test_pickled():
    game = ReplyGame(rating, TEXT)
    copy = pickle.loads(pickle.dumps(game))
    np.testing.assert_array_equal(copy(all_masks(6)), game(all_masks(6)))
    assert "6 features" in repr(copy)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"reply": 3}, "reply"), ({"similarity": "rouge"}, "similarity"),
        ({"template": "no place"}, "template"),
        ({"repeats": 0}, "repeats"), ({"concurrency": 0}, "concurrency"), ({"reference": 3}, "reference"),
        ({"text": 3}, "text"), ({"reply": lambda prompt: " "}, "reply"),
    ],
)  # fmt: skip
def test_unusable_arguments(changes, name):
    settings = {"reply": rating, "text": TEXT} | changes
    with pytest.raises(InputError, match=rf"^{name}"):
        ReplyGame(settings.pop("reply"), settings.pop("text"), **settings)


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("repeats", [1, 2])
def test_only_texts_whose_reply_fails_are_dropped(concurrency, repeats):
    asked = Counter()

    def reply(prompt):
        asked[prompt] += 1
        if {"a", "b", "c"} <= set(prompt.split()):
            raise ValueError("no")
        return "yes" if "d" in prompt else "no"

    settings = {"similarity": "exact", "reference": "yes", "repeats": repeats, "concurrency": concurrency}
    game = ReplyGame(reply, "a b c d e f g h i j", **settings)
    found = explain(game, budget=100, on_failure="drop", retries=0, progress=False)
    failing = [prompt for prompt in asked if {"a", "b", "c"} <= set(prompt.split())]
    assert failing
    assert len(asked) == 100
    assert found.n_calls == 100 - len(failing)
    assert all(asked[prompt] == repeats for prompt in set(asked) - set(failing))
    assert all(asked[prompt] <= repeats for prompt in failing)


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_reply_that_is_the_reference_is_not_asked_again(repeats):
    asked = Counter()

    def reply(prompt):
        asked[prompt] += 1
        return "yes" if "a" in prompt else "no"

    game = ReplyGame(reply, "a b c d", similarity="exact", repeats=repeats)
    assert (game.reference, asked) == ("yes", {"a b c d": 1})
    assert explain(game, progress=False).full_value == 1.0
    assert len(asked) == 16
    assert set(asked.values()) == {repeats}


def test_an_error_of_the_function_itself_ends_the_run():
    """An InputError says that all calls would fail, such as an account without credit."""

    def reply(prompt):
        if len(asked) > 20:
            raise InputError("api_key: no credit left")
        asked.append(prompt)
        return "yes"

    asked: list[str] = []
    game = ReplyGame(reply, "a b c d e f g h", similarity="exact", reference="yes", concurrency=1)
    with pytest.raises(ValueFunctionError, match="no credit") as raised:
        explain(game, budget=200, on_failure="drop", progress=False)
    assert len(raised.value.masks) == len(asked) == 21
