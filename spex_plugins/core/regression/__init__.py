"""Sparse regression on characters: LASSO, ridge, cross-validation, screening."""
