"""Which masks are asked for when: order, batches, limits, repetitions, and calls in flight."""
