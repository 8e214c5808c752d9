"""Estimators with gradient-boosted trees, whose spectra are exact."""
