"""Kernels on masks, factors of their matrices, and the marginal likelihood."""
