"""Processes, clocks, counts of calls, and files of results."""
