"""The fit of the estimator that is told an index: Gaussian processes and boosted trees, stacked."""
