"""Runs that choose their masks as they go: in rounds, or from stored answers."""
