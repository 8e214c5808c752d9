"""Functions fitted to samples: predictions, every index in closed form, and their uncertainty."""
