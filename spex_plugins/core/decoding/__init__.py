"""Sparse Fourier transform by channel decoding: BCH codes, aliased transforms, peeling."""
