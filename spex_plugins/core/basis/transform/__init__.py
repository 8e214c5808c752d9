"""Transforms of all 2^n values."""
