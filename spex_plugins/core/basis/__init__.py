"""Feature sets, masks, characters, the Fourier spectrum, and the indices computed from it."""
