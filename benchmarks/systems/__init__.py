"""Documents, noisy models and attention heads: the games of the package beside other ways to answer the same."""
