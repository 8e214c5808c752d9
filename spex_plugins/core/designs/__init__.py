"""Designs: the masks that are evaluated for a budget."""
