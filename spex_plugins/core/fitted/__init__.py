"""Functions that were fitted to samples: predictions, every index in closed form, and how sure they are."""
