"""Estimators of few sets: by decoding, and by sparse regression."""
