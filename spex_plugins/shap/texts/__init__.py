"""Texts as SHAP's maskers take them: tokens, words, pairs, prompts."""
