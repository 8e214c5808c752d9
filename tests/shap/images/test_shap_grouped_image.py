"""`GroupedImage`: regions of an image as features, values in the shape of the image."""

import io
import pickle
from time import process_time

import matplotlib.pyplot as plt
import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose, assert_array_equal
from oracles import all_masks, shapley_value

from spex_plugins import InputError
from spex_plugins.shap import Grid, GroupedImage, SpexExplainer, Superpixels

SHAPE = (6, 8, 3)
RNG = np.random.default_rng(2)
IMAGES = RNG.uniform(1, 2, size=(2, *SHAPE))
WEIGHTS = RNG.normal(size=SHAPE)
REGIONS = np.repeat([[0, 0, 1, 1, 1, 2, 2, 4], [3, 3, 1, 1, 1, 5, 5, 5]], 3, axis=0)


def score(images):
    """Products of parts of the image, so that regions interact."""
    sums = (images * WEIGHTS).sum(axis=3)
    return sums.sum(axis=(1, 2)) + sums[:, 0, 0] * sums[:, 0, 3] * sums[:, 5, 7]


def two_scores(images):
    return np.stack([score(images), images.mean(axis=(1, 2, 3)) ** 2], axis=1)


@pytest.fixture
def zero():
    return shap.maskers.Image(np.zeros(SHAPE))


def test_the_model_receives_whole_regions(zero):
    masker = GroupedImage(zero, lambda image: REGIONS)
    (masked,) = masker(np.array([True, False, True, True, False, True]), IMAGES[0])
    assert masked.shape == (1, *SHAPE)
    gone = np.isin(REGIONS, (1, 4))
    assert_array_equal(masked[0], np.where(gone[..., None], 0, IMAGES[0]))
    assert_array_equal(masker(True, IMAGES[0])[0][0], IMAGES[0])
    assert not masker(False, IMAGES[0])[0].any()


def test_the_values_are_those_of_all_orders(zero):
    """Shared out evenly: the sum over a region is the Shapley value of the region."""
    table = score(IMAGES[0] * all_masks(6)[:, REGIONS, None])
    exact = shapley_value(table)
    explainer = SpexExplainer(score, zero, features=lambda image: REGIONS)
    explanation = explainer(IMAGES[:1], silent=True)
    assert explanation.values.shape == (1, *SHAPE)
    assert explanation[0].interactions.n_calls == 2**6
    values = explanation[0].values
    for region in range(6):
        cells = values[region == REGIONS]
        assert_allclose(cells, exact[region,] / cells.size, atol=1e-8)
    assert explanation[0].interactions.feature_names == tuple(f"region {i}" for i in range(6))


@pytest.mark.slow
@pytest.mark.parametrize("features", [Grid(3, 4), "superpixel"])
def test_additive_within_the_budget(zero, features):
    count = [0]

    def model(images):
        count[0] += len(images)
        return two_scores(images)

    features = Superpixels(12) if features == "superpixel" else features
    explainer = SpexExplainer(model, zero, features=features, output_names=["first", "second"])
    explanation = explainer(IMAGES, max_evals=200, main_effects=True, silent=True)
    assert count[0] <= 400
    assert explanation.values.shape == (2, *SHAPE, 2)
    assert explanation.main_effects.shape[0::2] == (2, 2)  # of the regions
    total = explanation.base_values + explanation.values.sum(axis=(1, 2, 3))
    assert_allclose(total, two_scores(IMAGES), atol=1e-8)
    assert explanation[0, ..., 1].interactions.output_shape == ()
    assert_array_equal(explanation[1].data, IMAGES[1])


def test_flat_images_and_what_is_always_kept(zero):
    labels = REGIONS.copy()
    labels[REGIONS == 1] = -1
    masker = GroupedImage(zero, lambda image: labels * 10)
    assert masker.feature_names(IMAGES[0]) == [[f"region {i}" for i in (0, 20, 30, 40, 50)]]
    assert_array_equal(np.unique(masker.regions(IMAGES[0])), range(-1, 5))
    flat = IMAGES[0].ravel()
    (empty,) = masker(False, flat)
    assert_array_equal(empty[0].reshape(SHAPE) != 0, np.repeat((labels < 0)[..., None], 3, axis=2))
    explanation = SpexExplainer(lambda x: score(x.reshape(-1, *SHAPE)), masker)(flat[None], silent=True)
    assert explanation.values.shape == (1, flat.size)
    assert not explanation.values.reshape(SHAPE)[labels < 0].any()
    assert_allclose(explanation.base_values + explanation.values.sum(), score(IMAGES[:1]), atol=1e-8)


def test_the_grid():
    grid = Grid(2, 3)
    labels = grid(np.zeros((4, 7, 1)))
    assert_array_equal(labels, np.repeat([[0, 0, 0, 1, 1, 2, 2], [3, 3, 3, 4, 4, 5, 5]], 2, axis=0))
    masker = GroupedImage(shap.maskers.Image(0, (4, 7, 1)), grid)
    names = masker.feature_names(np.zeros((4, 7, 1)))[0]
    assert names[0] == "row 1, column 1"
    assert names[5] == "row 2, column 3"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [shap.PartitionExplainer, shap.PermutationExplainer])
def test_the_explainers_of_shap(zero, kind):
    def model(images):
        sums = (images * WEIGHTS).sum(axis=3)
        return sums.sum(axis=(1, 2)) + sums[:, 0, 0] * sums[:, 0, 3]  # pairs: two permutations are exact

    masker = GroupedImage(zero, Grid(2, 3))
    explanation = kind(model, masker)(IMAGES[:1], max_evals=2000, silent=True)
    assert explanation.values.shape == (1, 6)
    assert_allclose(explanation.base_values + explanation.values.sum(1), model(IMAGES[:1]), atol=1e-8)
    ours = SpexExplainer(model, masker)(IMAGES[:1], silent=True)[0].values
    assert_allclose(masker.values_per_pixel(explanation.values[0], IMAGES[0]).reshape(SHAPE), ours, atol=1e-8)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ("patch", "'grid', 'superpixel'"),
        (Grid(7, 2), "finer than the pixels"),
        (lambda image: np.zeros((3, 3), dtype=int), r"\(6, 8\)"),
        (lambda image: np.zeros((6, 8)), "float64"),
        (lambda image: np.full((6, 8), -1), "nothing could be masked"),
    ],
)
def test_unusable_groups(zero, features, message):
    with pytest.raises(InputError, match=message):
        SpexExplainer(score, zero, features=features)(IMAGES[:1], silent=True)


@pytest.mark.parametrize("kind", [Grid, Superpixels])
@pytest.mark.parametrize("bad", [0, 2.5, True])
def test_unusable_numbers(kind, bad):
    with pytest.raises(InputError, match="must be an integer ≥ 1"):
        kind(bad)


def test_images_of_another_shape(zero):
    with pytest.raises(InputError, match=r"\(6, 8, 3\), got \(8, 8, 3\)"):
        SpexExplainer(score, zero, features=Grid(2, 2))(np.zeros((1, 8, 8, 3)), silent=True)


@pytest.mark.parametrize("copied", ["pickle", "save"])
def test_copies_have_the_same_regions(zero, copied, capsys):
    masker = GroupedImage(zero, Superpixels(5))
    if copied == "pickle":
        again = pickle.loads(pickle.dumps(masker))
    else:
        file = io.BytesIO()
        masker.save(file)
        file.seek(0)
        again = GroupedImage.load(file)
    assert again.features == Superpixels(5)
    assert_array_equal(again.regions(IMAGES[0]), masker.regions(IMAGES[0]))


def test_the_image_plot_shows_the_values(zero):
    explanation = SpexExplainer(two_scores, zero, features=Grid(2, 3))(IMAGES, silent=True)
    shap.plots.image(explanation, pixel_values=IMAGES / 2, show=False)
    drawn = [ax.images[-1].get_array() for ax in plt.gcf().axes if len(ax.images) == 2]
    expected = [explanation.values[i, ..., k].sum(-1) for i in (0, 1) for k in (0, 1)]
    for shown, values in zip(drawn, expected, strict=True):
        assert_allclose(shown, values)


def large(shape):
    """Leave out SHAP's hierarchy of single numbers, which takes it seconds and is not needed here."""
    masker = shap.maskers.Image(np.zeros((1, 1, 1)))
    masker.input_shape, masker.mask_value = shape, np.zeros(shape).ravel()
    return masker


def test_regions_cost_little_beside_masking():
    image = RNG.uniform(size=(224, 224, 3))
    plain = large(image.shape)
    masker = GroupedImage(plain, "grid")
    kept = np.random.default_rng(0).random((30, masker.shape(image)[1])) < 0.5
    numbers = [one[np.repeat(masker.regions(image), 3)] for one in kept]

    def fastest(mask, masks):
        times = []
        for one in masks:
            start = process_time()
            mask(one, image)
            times.append(process_time() - start)
        return min(times)

    # Measured: 1.5 to 2.2 times, by the release of SHAP; a loop over the 100 regions would take 4.3 times.
    assert fastest(masker, kept) < 3 * fastest(plain, numbers)


def test_few_large_images_are_held_at_once():
    image, sizes = np.ones((512, 1024, 4)), []

    def model(images):
        sizes.append(len(images))
        return images[:, 0, 0, 0]

    SpexExplainer(model, large(image.shape), features=Grid(2, 2), batch_size=16)(image[None], silent=True)
    assert sum(sizes) == 16
    assert max(sizes) * image.size <= 2**23


def test_regions_follow_the_image_and_the_last_group_counts(zero):
    masker = GroupedImage(zero, lambda image: (image[..., 0] > 1.5).astype(int))
    for image in IMAGES:
        assert_array_equal(masker.regions(image), image[..., 0] > 1.5)
    assert SpexExplainer(score, masker, features=Grid(1, 3)).masker.shape(IMAGES[0]) == (1, 3)
