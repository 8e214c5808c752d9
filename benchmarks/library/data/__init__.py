"""Data that models are trained on and that hold the inputs to explain."""
