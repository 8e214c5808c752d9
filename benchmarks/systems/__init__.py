"""Documents, noisy models and attention heads: games of the package beside other ways to answer the same."""
