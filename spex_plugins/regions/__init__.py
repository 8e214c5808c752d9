"""The features of images and texts: the regions and parts that can be masked, for every host alike."""

from spex_plugins.regions.groups import Grid, ImageGroup, Superpixels, label_map, region_maker

__all__ = ["Grid", "ImageGroup", "Superpixels", "label_map", "region_maker"]
