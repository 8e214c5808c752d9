"""Captum's attribution of language models, with interactions."""
