"""Calls of the value function: where they run, how they end, and which are repeated."""
