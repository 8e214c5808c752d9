"""Where an image or a text falls apart: the regions and parts that are its features, for every host alike."""

from spex_plugins.regions.groups import Grid, ImageGroup, Superpixels, label_map, region_maker

__all__ = ["Grid", "ImageGroup", "Superpixels", "label_map", "region_maker"]
