"""Fitted functions and results as arrays and files."""
