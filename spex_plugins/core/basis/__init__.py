"""Sets of features, masks, characters, the Fourier spectrum, and every index read from it."""
