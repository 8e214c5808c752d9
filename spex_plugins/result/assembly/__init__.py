"""From values to a result: fits, their noise, and warnings about what the samples leave open."""
