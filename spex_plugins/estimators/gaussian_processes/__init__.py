"""Estimators by Gaussian processes on masks, with standard deviations."""
