"""Division of images into regions and of texts into parts, which are the features in every host."""

from spex_plugins.regions.groups import Grid, ImageGroup, Superpixels, label_map, region_maker

__all__ = ["Grid", "ImageGroup", "Superpixels", "label_map", "region_maker"]
