"""What games share: fingerprints, an event loop, and the values of no masks."""
