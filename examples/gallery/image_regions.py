# %% [markdown]
# # Captum on an image
#
# EfficientNet-Lite0 sees a photo. Its 39 regions are blurred in 400 combinations: which of them make it say
# "daisy", and which only together? Half a minute on two cores.

# %%
import torch
from images.captum_image import blurred, classifier, photo

from spex_plugins.captum import Spex, Superpixels, image_and_regions, image_feature_mask
from spex_plugins.plots import image_regions

network, image = classifier(), photo()
with torch.no_grad():
    target = int(network(image).argmax())  # 985, daisy

regions = image_feature_mask(image, Superpixels(40))
attributions, (found,) = Spex(network).attribute(
    image,
    baselines=blurred(image),
    target=target,
    feature_mask=regions,
    n_samples=400,
    perturbations_per_eval=20,
    return_interactions=True,
)

# %% [markdown]
# Red regions speak for the class, lines join regions that act together.

# %%
ax = image_regions(*image_and_regions(image, regions, found), found, top=5, title="Why it says daisy")

# %%
found
