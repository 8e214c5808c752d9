"""Captum models as value functions."""
