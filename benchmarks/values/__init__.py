"""Errors of Shapley values and interaction indices where the true values are known, beside other methods."""
