"""Gaussian processes on masks: kernels, marginal likelihood, posteriors, and indices in closed form."""
