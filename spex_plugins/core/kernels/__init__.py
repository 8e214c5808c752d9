"""Kernels on masks, factors of their matrices, and the likelihood from which they are learned."""
