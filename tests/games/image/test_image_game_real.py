"""A real network and a real photo: the regions that the explanation names are those that matter."""

from __future__ import annotations

import numpy as np
import pytest
import real_images

import spex_plugins as spex
from spex_plugins.games.image.image_game import ImageGame
from spex_plugins.regions import Grid, Superpixels

torch = pytest.importorskip("torch")
BUDGET = 200


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def daisy(**settings):
    arguments = {"features": Grid(7, 7), "output": real_images.DAISY, "preprocess": real_images.preprocess}
    return ImageGame(real_images.classifier(), real_images.photo("flower"), **arguments | settings)


def test_equals_the_network_on_the_masked_photo():
    game = daisy(replacement="mean", output=None)
    masks = np.random.default_rng(0).random((3, 49)) < 0.5
    images = game.image.copy()[None].repeat(3, axis=0)
    colour = np.rint(game.image.reshape(-1, 3).mean(axis=0)).astype(np.uint8)
    for k, mask in enumerate(masks):
        for cell in np.flatnonzero(~mask):
            row, column = divmod(int(cell), 7)
            images[k, 32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = colour
    with torch.no_grad():
        pixels = torch.from_numpy((images.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2)
        truth = real_images.classifier()(pixels).double().numpy()
    np.testing.assert_allclose(game(masks), truth, atol=1e-4)
    one = daisy(replacement="mean", value="log_prob")
    np.testing.assert_allclose(
        one(masks), torch.from_numpy(truth).log_softmax(1)[:, real_images.DAISY], atol=1e-4
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("replacement", "features"), [("blur", Grid(7, 7)), ("inpaint", Superpixels(60))], ids=["blur", "inpaint"]
)
def test_named_regions_matter_more_than_others(replacement, features):
    game = daisy(replacement=replacement, features=features)
    assert 49 <= game.n <= 64
    found = spex.explain(game, budget=BUDGET, estimator="gaussian_process", progress=False)
    assert found.r2 > 0.5
    values = found.single_values("SV").values
    k, rng = 8, np.random.default_rng(0)
    named = np.argsort(-values)[:k]
    sets = [named, *(rng.choice(game.n, k, replace=False) for _ in range(9))]
    without = np.ones((10, game.n), bool)
    for row, members in enumerate(sets):
        without[row, members] = False
    removed, alone = game(without), game(~without)
    full = game(np.ones((1, game.n), bool))[0]
    drops = full - removed
    assert drops[0] > 2 * drops[1:].mean()
    assert drops[0] > drops[1:].max()
    assert alone[0] > alone[1:].max()  # and they do better by themselves than others do


def test_fingerprint_of_a_network_is_that_of_its_parameters():
    game = daisy(preprocess=None)
    before = game.fingerprint
    assert before == daisy(preprocess=None).fingerprint
    assert not hasattr(daisy(), "fingerprint")  # a function stands before the network
    bias = next(p for name, p in real_images.classifier().named_parameters() if name.endswith("bias"))
    with torch.no_grad():
        old = bias.clone()
        bias += 1e-3
        assert game.fingerprint != before
        bias.copy_(old)
    assert game.fingerprint == before


def test_a_torch_module_by_itself_gets_floats_from_0_to_1():
    class Spy(torch.nn.Module):
        def forward(self, images):
            return torch.stack([images.amin(dim=(1, 2, 3)), images.amax(dim=(1, 2, 3))], dim=1)

    for image, shape in (
        (real_images.photo("flower"), (8, 8)),
        (real_images.photo("flower")[..., 0], (8, 8)),
    ):
        game = ImageGame(Spy().eval(), image, features=Grid(*shape), replacement=128)
        low, high = game(np.array([[True] * 64, [False] * 64])).T
        np.testing.assert_allclose(low, [image.min() / 255, 128 / 255], atol=1e-6)
        np.testing.assert_allclose(high, [image.max() / 255, 128 / 255], atol=1e-6)


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_a_white_pixel_is_1(kind, white):
    image = np.full((4, 4, 3), white, dtype=kind)
    game = ImageGame(torch.nn.Flatten().eval(), image, features=Grid(2, 2))
    np.testing.assert_array_equal(game(np.ones((1, 4), dtype=bool)), 1.0)


def test_wide_integers_have_no_unit():
    """Divided by the largest of their type, 9.2e18, they were a black image."""
    image = real_images.photo("flower").astype(np.int64)
    game = ImageGame(torch.nn.Flatten().eval(), image, features=Grid(2, 2))
    with pytest.raises(spex.InputError, match=r"^image: pixels of type int64 .*astype"):
        game(np.ones((1, 4), dtype=bool))
    own = ImageGame(torch.nn.Flatten().eval(), image, features=Grid(2, 2), preprocess=lambda x: x / 255)
    np.testing.assert_allclose(own(np.ones((1, 4), dtype=bool))[0], image.ravel() / 255, rtol=1e-6)


def test_keyword_arguments_and_logits_are_understood():
    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.bfloat16))

        def forward(self, pixel_values, labels):
            assert pixel_values.dtype == torch.bfloat16
            assert labels.dtype == torch.int64
            mean = (self.scale * pixel_values.mean(dim=(1, 2, 3)))[:, None]
            return type("Output", (), {"logits": torch.cat([mean, -mean], dim=1)})()

    def named(images):
        return {"pixel_values": torch.tensor(images / 255.0), "labels": torch.zeros(len(images)).long()}

    game = ImageGame(Named().eval(), real_images.photo("flower"), replacement=255, output=1, preprocess=named)
    assert game(np.zeros((1, 64), bool))[0] == pytest.approx(-2.0, rel=0.01)


def test_a_network_in_training_mode_is_refused():
    game = ImageGame(torch.nn.Dropout(), real_images.photo("flower"))
    with pytest.raises(spex.InputError, match=r"^model: is in training mode"):
        game(np.ones((1, 64), bool))
