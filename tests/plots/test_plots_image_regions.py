"""The picture of an image, read back from its artists."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from plots_sample import counted_numbers, interactions

from spex_plugins import InputError
from spex_plugins.plots import image_regions
from spex_plugins.plots.region_links import link_regions

REGIONS = np.repeat(np.repeat([[0, 1, 2], [3, 4, -1]], 20, axis=0), 20, axis=1)
IMAGE = np.random.default_rng(0).integers(0, 256, size=(40, 60, 3))
NAMES = [f"region {i}" for i in range(5)]
MOEBIUS = {(0,): 1.0, (1,): -0.5, (0, 1): -2.0, (1, 4): 1.0, (0, 2, 3): 0.7}


@pytest.fixture
def found():
    return interactions(NAMES, MOEBIUS)


def draw(ax):
    ax.figure.canvas.draw()
    return ax.figure.canvas.get_renderer()


def lines(ax):
    return {p.get_gid(): p for p in ax.patches if (p.get_gid() or "").startswith("line-")}


def picture(ax):
    (image,) = ax.images
    return image.get_array(), image.get_extent()


def test_regions_have_the_colour_of_their_sign(found):
    colours, _ = picture(image_regions(IMAGE, REGIONS, found))
    effects = found.index("FSII", 3).first_order()
    assert {-1, 1} <= set(np.sign(effects.round(9)).tolist())
    for region, effect in enumerate(effects):
        red, _, blue = colours[region == REGIONS].mean(axis=0)
        assert np.sign((red - blue).round(9)) == np.sign(effect.round(9))
    kept = colours[REGIONS == -1]
    assert (kept.max(axis=1) == kept.min(axis=1)).all()  # grey


def test_lines_join_the_regions_in_the_colour_of_their_sign(found):
    ax = image_regions(IMAGE, REGIONS, found)
    _, (left, right, bottom, top) = picture(ax)
    ranked = found.top(8)
    assert len(lines(ax)) == len(ranked)
    widths = []
    for k, (term, value) in enumerate(ranked, start=1):
        line = lines(ax)[f"line-{k}"]
        red, _, blue = to_rgb(line.get_edgecolor())
        assert np.sign(red - blue) == np.sign(value)
        widths.append(line.get_linewidth())
        path = line.get_path()
        ends = path.vertices[np.append(path.codes[1:] == path.MOVETO, True) | (path.codes == path.MOVETO)]
        columns = np.floor((ends[:, 0] - left) / (right - left) * 60).astype(int)
        rows = np.floor((ends[:, 1] - top) / (bottom - top) * 40).astype(int)
        assert set(term) <= set(REGIONS[rows, columns].tolist())
    assert widths == sorted(widths, reverse=True)


def test_the_image_keeps_its_proportions_and_nothing_hangs_out(found):
    for ax in (
        image_regions(IMAGE, REGIONS, found, title="A title " * 20),
        image_regions(IMAGE, REGIONS, found, ax=plt.figure(figsize=(5, 6)).add_subplot()),
        image_regions(IMAGE.swapaxes(0, 1), REGIONS.T, found),
        image_regions(IMAGE.repeat(9, axis=0), REGIONS.repeat(9, axis=0), found),
    ):
        renderer = draw(ax)
        (image,) = ax.images
        box = image.get_window_extent(renderer)
        shape = image.get_array().shape
        assert box.width / box.height == pytest.approx(shape[1] / shape[0], rel=1e-3)
        extents = [text.get_window_extent(renderer) for text in ax.texts if text.get_text()]
        for extent in [*extents, box]:
            assert extent.x0 >= ax.bbox.x0
            assert extent.x1 <= ax.bbox.x1
            assert extent.y0 >= ax.bbox.y0
            assert extent.y1 <= ax.bbox.y1
        assert not any(a.overlaps(b) for k, a in enumerate(extents) for b in extents[:k])


@pytest.mark.parametrize("shape", [(1, 1), (9, 1), (1, 9)])
def test_the_longer_side_of_an_image_has_one_length(shape, found):
    """The list stood beneath tall images, which were as wide as it: pages of 3,000 points."""
    image, regions = (array.repeat(shape[0], axis=0).repeat(shape[1], axis=1) for array in (IMAGE, REGIONS))
    _, (left, right, bottom, top) = picture(image_regions(image, regions, found))
    assert max(right - left, bottom - top) == pytest.approx(460)


def test_the_list_names_the_regions(found):
    ax = image_regions(IMAGE, REGIONS, found, top=2)
    written = [text.get_text() for text in ax.texts]
    assert "Regions that act together" in written
    assert "Colour of a region: its own effect" in written
    assert {"region 0 × region 1", "region 1 × region 4"} <= set(written)
    assert counted_numbers(ax) == [2, 2]  # at each line, and in the list


@pytest.mark.parametrize(
    "image", [IMAGE / 255, IMAGE[..., 0], IMAGE / 50.0 - 2, IMAGE[..., :1], np.zeros((40, 60, 3))]
)
def test_any_units_become_colours(image, found):
    colours, _ = picture(image_regions(image, REGIONS, found))
    assert colours.shape == (40, 60, 3)
    assert colours.min() >= 0
    assert colours.max() <= 1


def test_centred_units_are_stretched(found):
    """Black is drawn in the darkest grey and white in white, whatever numbers they had."""
    grey = np.linspace(0, 1, IMAGE[..., 0].size).reshape(40, 60)
    drawn = [picture(image_regions(image, REGIONS, found))[0] for image in (grey, 5 * grey - 2, 255 * grey)]
    np.testing.assert_allclose(drawn[1], drawn[0])
    np.testing.assert_allclose(drawn[2], drawn[0])


def test_one_of_several_outputs():
    found = interactions(NAMES, {(0,): [1.0, -3.0], (1, 2): [0.5, 4.0]})
    with pytest.raises(InputError, match="output: there are 2"):
        image_regions(IMAGE, REGIONS, found)
    ax = image_regions(IMAGE, REGIONS, found, output=1)
    assert "+4.00" in [text.get_text() for text in ax.texts]


def test_no_effects_at_all():
    colours, _ = picture(image_regions(IMAGE, REGIONS, interactions(NAMES, {(): 1.0})))
    assert np.ptp(colours, axis=2).max() == 0


@pytest.mark.parametrize(
    ("image", "regions", "message"),
    [
        (IMAGE[0, 0], REGIONS, "image: "),
        (IMAGE, REGIONS[:5], "regions: .*whole numbers"),
        (IMAGE, REGIONS * 1.0, "regions: .*float64"),
        (IMAGE, REGIONS // 2, "0 to 4, one for each of the 5"),
        (IMAGE, np.where(REGIONS == 2, 0, REGIONS), "0 to 4"),
    ],
)
def test_unusable_arguments(image, regions, message, found):
    with pytest.raises(InputError, match=message):
        image_regions(image, regions, found)


def test_numbers_keep_apart():
    places = [(0.0, 0.0), (100.0, 0.0), (50.0, 80.0), (100.0, 80.0)]
    sets = [(0, 1), (0, 1, 2), (0, 1, 2, 3), (1, 2), (0, 3)]
    numbers = [link.number for link in link_regions(places, sets, 6.0)]
    points = np.array(numbers + places)
    distances = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    assert (distances[np.triu_indices(len(points), 1)] > 12).all()
