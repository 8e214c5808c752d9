"""Maskers of images: regions as features, and pixels in any units."""
