"""Estimators that combine several others on the same samples."""
