"""Ensembles of decision trees on masks as exact functions."""
