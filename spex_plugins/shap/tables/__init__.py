"""Maskers of tables whose columns keep their types."""
