"""Seconds and memory of decoding, fits, the whole package, and language models."""
