"""Plots of sets of features of any order: bars, forces, sets, networks, energy."""
