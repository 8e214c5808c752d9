"""Captum's attribution for language models, with interactions."""
