"""Estimators that choose the masks of another one and change its fit."""
