"""The tasks of the SPEX paper (arXiv 2502.13870) on real models, by `spex_plugins.compare`."""
