"""Batches that run in this process, in threads, in other processes, or in a Dask cluster."""
