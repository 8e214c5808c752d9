"""`ImageGame`: what the model sees, what comes back, and what identifies it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from image_oracles import all_masks, masked_image
from scipy.ndimage import gaussian_filter

import spex_plugins as spex
from spex_plugins.games.image.image_game import ImageGame
from spex_plugins.regions import Grid, Superpixels

LABELS = np.array([[7, 7, 2, 2, -1], [7, 7, 2, 2, -1], [0, 0, 0, 2, -1], [0, 0, 0, 0, 7]])  # of every pixel


def photo(kind, channels=3, shape=(12, 10)):
    shape = (*shape, channels) if channels else shape
    whole = np.random.default_rng(0).integers(0, 256, shape)
    return whole.astype(np.uint8) if kind == "uint8" else (whole / 255).astype(kind)


def mean_of_channels(images):
    return images.reshape(len(images), -1, images.shape[3]).mean(axis=1)


@pytest.mark.parametrize("replacement", ["blur", "mean", "inpaint", 3])
@pytest.mark.parametrize("kind", ["uint8", "float32", "float64"])
@pytest.mark.parametrize("channels", [3, 1, 0])
@pytest.mark.parametrize("regions", [Grid(2, 3), Superpixels(5), LABELS.repeat(2, axis=1).repeat(3, axis=0)])
def test_masked_images_are_composed_pixel_by_pixel(replacement, kind, channels, regions):
    image = photo(kind, channels)
    game = ImageGame(len, image, features=regions, replacement=replacement)
    masks = all_masks(game.n)[:: max(1, 2**game.n // 16)]
    hidden = game.masked_images(np.zeros((1, game.n), bool))[0]
    seen = game.masked_images(masks)
    assert seen.dtype == image.dtype
    assert seen.shape == (len(masks), *image.shape)
    for mask, each in zip(masks, seen, strict=True):
        np.testing.assert_array_equal(each, masked_image(image, game.regions, hidden, mask))
    np.testing.assert_array_equal(game.masked_images(np.ones((1, game.n), bool))[0], image)
    changed = (hidden != image).reshape(*image.shape[:2], -1).any(axis=2)
    assert not changed[game.regions < 0].any()
    assert changed[game.regions >= 0].mean() > 0.9  # what is masked is gone


def replaced(image, replacement, **settings):
    game = ImageGame(len, image, features=Grid(2, 2), replacement=replacement, **settings)
    return game.masked_images(np.zeros((1, 4), bool))[0]


def test_mean_is_the_mean_colour():
    image = photo("uint8")
    colour = [round(float(image[..., c].astype(float).mean())) for c in range(3)]
    np.testing.assert_array_equal(replaced(image, "mean"), np.broadcast_to(colour, image.shape))


def test_blur_is_gaussian_and_leaves_the_channels_apart():
    image = photo("float64", shape=(20, 40))
    expected = np.stack([gaussian_filter(image[..., c], 2.0, mode="nearest") for c in range(3)], axis=2)
    np.testing.assert_allclose(replaced(image, "blur"), expected, atol=1e-12)


@pytest.mark.parametrize("own", [np.full((12, 10, 3), 9), [9, 9, 9], 9, 8.6])
def test_an_image_or_a_colour_of_ones_own(own):
    np.testing.assert_array_equal(replaced(photo("uint8"), own), np.full((12, 10, 3), 9, np.uint8))


def test_names_and_regions():
    image = photo("uint8")
    grid = ImageGame(len, image, features=Grid(2, 3))
    assert grid.feature_names[:4] == (
        "row 1, column 1",
        "row 1, column 2",
        "row 1, column 3",
        "row 2, column 1",
    )
    np.testing.assert_array_equal(grid.regions, Grid(2, 3)(image))
    own = ImageGame(len, photo("uint8", shape=(4, 5)), features=LABELS)
    assert own.feature_names == ("region 0", "region 2", "region 7")
    np.testing.assert_array_equal(own.regions, np.choose(LABELS + 1, [-1, 0, -9, 1, -9, -9, -9, -9, 2]))
    assert ImageGame(len, photo("uint8", shape=(30, 30))).n == 64


def test_finds_an_interaction_of_two_cells():
    image = np.full((8, 8, 3), 200, np.uint8)

    def both_corners(images):
        first, last = images[:, 0, 0, 0] == 200, images[:, -1, -1, 0] == 200
        return 2.0 * (first & last) + 1.0 * last

    game = ImageGame(both_corners, image, features=Grid(4, 4), replacement=0)
    found = spex.explain(game, budget=300, progress=False)
    top = found.index("Moebius").top(2).as_dict()
    assert {names: round(float(value), 6) for names, value in top.items()} == {(0, 15): 2.0, (15,): 1.0}


def test_outputs():
    image, masks = photo("float64"), all_masks(4)
    logits = mean_of_channels(ImageGame(len, image, features=Grid(2, 2)).masked_images(masks))
    every = ImageGame(mean_of_channels, image, features=Grid(2, 2))
    np.testing.assert_allclose(every(masks), logits)
    one = ImageGame(mean_of_channels, image, features=Grid(2, 2), output=1)
    np.testing.assert_allclose(one(masks), logits[:, 1])
    two = ImageGame(mean_of_channels, image, features=Grid(2, 2), output=[2, 0], value="log_prob")
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(two(masks), np.log(probability)[:, [2, 0]])
    assert (every.output_names, one.output_names, two.output_names) == (None, None, ("class 2", "class 0"))


def test_one_value_per_image_needs_no_output():
    game = ImageGame(lambda images: images.mean(axis=(1, 2, 3)), photo("uint8"), features=Grid(2, 2))
    assert game(all_masks(4)).shape == (16,)


def test_preprocess_stands_between():
    seen = []

    def halved(images):
        seen.append(images.shape)
        return images / 2.0

    game = ImageGame(mean_of_channels, photo("uint8"), features=Grid(2, 2), preprocess=halved)
    plain = ImageGame(mean_of_channels, game.image, features=Grid(2, 2))
    np.testing.assert_allclose(game(all_masks(4)) * 2, plain(all_masks(4)))
    assert seen == [(16, 12, 10, 3)]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"image": np.zeros(3)}, "^image: expected numbers"),
        ({"image": np.full((4, 4), np.nan)}, "^image: has pixels that are NaN"),
        ({"image": [["a"]]}, "^image: expected numbers"),
        ({"features": "hexagons"}, "^features: 'hexagons' is unknown"),
        ({"features": np.zeros((3, 3), int)}, "^features: the regions must be whole numbers"),
        ({"features": Grid(40, 2)}, "^features: Grid.* is finer than the pixels"),
        ({"replacement": "grey"}, "^replacement: 'grey' is unknown"),
        ({"replacement": [1, 2]}, "^replacement: expected finite numbers that fit"),
        ({"replacement": np.inf}, "^replacement: expected finite numbers"),
        ({"replacement": 256}, "^replacement: numbers must lie from 0 to 255"),
        ({"replacement": "inpaint", "features": Grid(1, 1)}, '^replacement: "inpaint" needs pixels around'),
        ({"output": -1}, "^output: must be a class number"),
        ({"output": 1.5}, "^output: must be a class number"),
        ({"output": []}, "^output: must be a class number"),
        ({"value": "probability"}, "^value: 'probability' is unknown"),
        ({"model": "resnet"}, "^model: must be a callable"),
        ({"preprocess": 3}, "^preprocess: must be callable"),
    ],
)
def test_unusable_arguments(settings, text):
    arguments = {"model": len, "image": photo("uint8"), "features": Grid(2, 2), **settings}
    with pytest.raises(spex.InputError, match=text):
        ImageGame(arguments.pop("model"), arguments.pop("image"), **arguments)


def test_unusable_calls():
    game = ImageGame(mean_of_channels, photo("uint8"), features=Grid(2, 2), output=3)
    for masks in (np.ones((2, 3), bool), np.full((2, 4), 0.5), np.ones(4, bool)):
        with pytest.raises(spex.InputError, match=r"^masks"):
            game(masks)
    with pytest.raises(spex.InputError, match=r"^output: there is no class 3"):
        game(np.ones((2, 4), bool))
    scalar = ImageGame(lambda images: images.mean(axis=(1, 2, 3)), game.image, value="log_prob")
    with pytest.raises(spex.InputError, match=r"^value: 'log_prob' needs logits"):
        scalar(np.ones((2, 64), bool))


def test_the_caller_keeps_the_image():
    image = photo("uint8")
    game = ImageGame(len, image, features=Grid(2, 2), replacement=0)
    image[:] = 0
    assert game.masked_images(np.ones((1, 4), bool)).any()


def test_representation():
    game = ImageGame(mean_of_channels, photo("uint8"), features=Grid(2, 2))
    assert repr(game) == "ImageGame(mean_of_channels, 4 regions of an image of 12 × 10 × 3, logit)"


def test_fingerprint_of_a_function_must_be_given():
    image = photo("uint8")
    assert not hasattr(ImageGame(mean_of_channels, image), "fingerprint")
    settings = {"features": Grid(2, 2), "fingerprint": "channels 1"}
    game = ImageGame(mean_of_channels, image, **settings)
    assert int(game.fingerprint, 16) >= 0
    assert len(game.fingerprint) == 64
    assert game.fingerprint == ImageGame(mean_of_channels, image.copy(), **settings).fingerprint
    other = image.copy()
    other[0, 0, 0] ^= 1
    differing = [
        ImageGame(mean_of_channels, other, **settings),
        ImageGame(mean_of_channels, image.astype(float), **settings),
        ImageGame(mean_of_channels, image, **settings, replacement="mean"),
        ImageGame(mean_of_channels, image, **settings, output=1),
        ImageGame(mean_of_channels, image, **settings, value="log_prob"),
        ImageGame(mean_of_channels, image, **settings | {"features": Grid(2, 3)}),
        ImageGame(mean_of_channels, image, **settings | {"fingerprint": "channels 2"}),
    ]
    assert len({each.fingerprint for each in [game, *differing]}) == 8


def test_a_name_for_the_preprocessing_does_not_stand_for_the_model():
    torch = pytest.importorskip("torch")
    prepared = {"features": Grid(2, 2), "preprocess": lambda images: images, "fingerprint": "plain"}
    models = [torch.nn.Flatten(), torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Flatten())]
    found = [ImageGame(model.eval(), photo("uint8"), **prepared).fingerprint for model in models]
    assert found[0] != found[1]


def test_pickles():
    game = ImageGame(mean_of_channels, photo("uint8"), features=Grid(2, 2), fingerprint="a")
    again = pickle.loads(pickle.dumps(game))
    np.testing.assert_array_equal(again(all_masks(4)), game(all_masks(4)))
    assert (again.fingerprint, again.feature_names) == (game.fingerprint, game.feature_names)
