"""Which masks to ask: laws of their sizes, and masks that are far from each other."""
