"""Maskers of texts: tokens, words and pairs of texts as features."""
