"""Scheduling of the model calls: order of the masks, batches, limits, retries, and calls in flight."""
