"""`MultimodalGame`: regions and words in one mask, and ConSE by its definition."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from image_oracles import all_masks, masked_image

import spex_plugins as spex
from spex_plugins.games.image.conse import ConSE
from spex_plugins.games.image.multimodal import MultimodalGame
from spex_plugins.regions import Grid

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
TEXT = " A red\tbus,\n\nred  door "


def brightness_and_length(images, texts):
    return images.mean(axis=(1, 2, 3)) + 1000.0 * np.array([len(text) for text in texts])


def game(**settings):
    arguments = {
        "score": brightness_and_length,
        "image": IMAGE,
        "text": TEXT,
        "image_features": Grid(2, 2),
        **settings,
    }
    return MultimodalGame(arguments.pop("score"), arguments.pop("image"), arguments.pop("text"), **arguments)


def masked_text(words, gaps, mask, placeholder):
    """Return the text with white space only where it stood; the text's own stays at its ends."""
    text = ""
    for word, gap, kept in zip(words, gaps, mask, strict=True):
        if kept or placeholder is not None:
            text += (gap if text else "") + (word if kept else placeholder)
    return f" {text} " if text else ""


@pytest.mark.parametrize("placeholder", [None, "[MASK]", "…"])
def test_regions_come_first_then_words(placeholder):
    one = game(text_replacement="remove" if placeholder is None else placeholder, image_replacement="mean")
    words, gaps = ("A", "red", "bus,", "red", "door"), (" ", " ", "\t", "\n\n", "  ")
    cells = ("row 1, column 1", "row 1, column 2", "row 2, column 1", "row 2, column 2")
    assert one.feature_names == (*cells, *words)
    assert (one.n, one.n_regions) == (9, 4)
    masks = all_masks(9)
    images, texts = one.masked_inputs(masks)
    hidden = one.masked_inputs(np.zeros((1, 9), bool))[0][0]
    for mask, image, text in zip(masks, images, texts, strict=True):
        np.testing.assert_array_equal(image, masked_image(IMAGE, one.regions, hidden, mask[:4]))
        assert text == masked_text(words, gaps, mask[4:], placeholder)
    assert (texts[-1], texts[0].replace(placeholder or "x", "").split()) == (TEXT, [])
    np.testing.assert_array_equal(one(masks), brightness_and_length(images, texts))


@pytest.mark.parametrize(
    ("features", "names", "first"),
    [
        (lambda text: text.split("\n\n"), ("A red\tbus,", "red  door"), " A red\tbus, "),
        ("paragraph", ("A red\tbus,", "red  door"), " A red\tbus, "),
        ([(3, 6), (13, 16)], ("red", "red"), " A red\tbus,  door "),  # the rest is always kept
    ],
)
def test_parts_of_ones_own(features, names, first):
    one = game(text_features=features)
    assert one.feature_names[4:] == names
    masks = np.array([[True] * 6, [True] * 5 + [False]])
    assert one.masked_inputs(masks)[1] == [TEXT, first]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"score": 3}, "^score: must be callable"),
        ({"text": 3}, "^text, text_replacement: must be a text"),
        ({"text": " "}, "^text_features: the text has no parts"),
        ({"text_features": "token"}, "^text_features: 'token' is unknown"),
        ({"text_features": [(0, 99)]}, "^text_features: the span .* does not lie"),
        ({"text_replacement": None}, "^text, text_replacement: must be"),
        ({"image_features": "stripes"}, "^image_features: 'stripes' is unknown"),
        ({"image_replacement": "grey"}, "^image_replacement: 'grey' is unknown"),
    ],
)
def test_unusable_arguments(settings, text):
    with pytest.raises(spex.InputError, match=text):
        game(**settings)


def test_unusable_masks():
    with pytest.raises(spex.InputError, match=r"^masks must have shape"):
        game()(np.ones((2, 4), bool))


def test_finds_that_a_word_needs_its_region():
    def seen_and_said(images, texts):
        seen = (images[:, 0, 0] == IMAGE[0, 0]).all(axis=1)
        return 3.0 * (seen & ["bus" in text for text in texts]) + seen

    one = game(score=seen_and_said, image_replacement="mean", image_features=Grid(3, 4))
    found = spex.explain(one, budget=400, progress=False)
    top = found.index("Moebius").top(2).as_dict()
    assert {names: round(float(value), 6) for names, value in top.items()} == {(0, 14): 3.0, (0,): 1.0}


def test_several_outputs_pass_through():
    one = game(score=lambda images, texts: np.stack([np.arange(len(texts))] * 3, axis=1))
    assert one(all_masks(9)[:5]).shape == (5, 3)
    assert one.output_names is None


def test_fingerprint():
    assert not hasattr(game(), "fingerprint")
    named = game(fingerprint="a")
    others = [
        game(fingerprint="b"),
        game(fingerprint="a", text=TEXT + "s"),
        game(fingerprint="a", text_replacement="x"),
        game(fingerprint="a", text_features=[(3, 6)]),
        game(fingerprint="a", image_features=Grid(3, 2)),
        game(fingerprint="a", image_replacement="mean"),
    ]
    assert named.fingerprint == game(fingerprint="a").fingerprint
    assert len({each.fingerprint for each in [named, *others]}) == 7
    again = pickle.loads(pickle.dumps(named))
    assert again.fingerprint == named.fingerprint


VECTORS = np.random.default_rng(3).normal(size=(6, 4))  # of five labels and all other texts
LABELS = ["cat", "dog", "bus", "door", "tree"]
ASKED = []


def embed(texts):
    ASKED.append(texts)
    return VECTORS[[LABELS.index(text) if text in LABELS else 5 for text in texts]]


def logits(images):
    return images.reshape(len(images), -1)[:, :5] / 50.0


@pytest.mark.parametrize("top", [1, 3, 5, 10])
def test_conse_is_the_cosine_with_the_mean_of_the_likeliest_labels(top):
    score = ConSE(logits, LABELS, embed, top=top)
    images = np.random.default_rng(1).integers(0, 256, (7, 6, 8, 3))
    texts = ["cat", "bus", "other", "bus", "cat", "cat", "door"]
    ASKED.clear()
    found = score(images, texts)
    assert ASKED == [["cat", "bus", "other", "door"]]  # each text once
    for image, text, value in zip(images, texts, found, strict=True):
        probability = np.exp(logits(image[None])[0])
        best = sorted(range(5), key=lambda k: -probability[k])[:top]
        mean = sum(probability[k] * VECTORS[k] for k in best) / sum(probability[k] for k in best)
        said = embed([text])[0]
        assert value == pytest.approx(mean @ said / np.linalg.norm(mean) / np.linalg.norm(said), abs=1e-12)


def test_conse_checks_what_it_is_given():
    with pytest.raises(spex.InputError, match=r"^top: must be an integer"):
        ConSE(logits, LABELS, embed, top=0)
    with pytest.raises(spex.InputError, match=r"^embed: must be callable"):
        ConSE(logits, LABELS, None)
    with pytest.raises(spex.InputError, match=r"^embed: expected vectors"):
        ConSE(logits, LABELS, lambda texts: np.zeros(3))
    with pytest.raises(spex.InputError, match=r"^classifier: answers of shape"):
        ConSE(logits, LABELS[:4], embed)(IMAGE[None], ["cat"])


def test_conse_is_identified_by_its_name_and_labels():
    assert not hasattr(game(score=ConSE(logits, LABELS, embed)), "fingerprint")
    named = [
        ConSE(logits, LABELS, embed, fingerprint=name, top=top)
        for name, top in (("a", 2), ("a", 3), ("b", 3))
    ]
    assert len({game(score=score).fingerprint for score in named}) == 3


def test_representation():
    assert repr(game(text="a red bus")) == (
        "MultimodalGame(brightness_and_length, 4 regions, 3 parts of 'a red bus')"
    )
