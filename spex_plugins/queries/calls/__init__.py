"""Calls of the value function: executors, outcomes, and retries."""
