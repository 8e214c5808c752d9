"""Recorded answers of real models: how they are recorded, and how methods do on them."""
