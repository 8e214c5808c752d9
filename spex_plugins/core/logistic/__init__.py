"""Logistic functions of a weighted sum of the kept features, and the sums of waves that represent them."""
