"""Gaussian processes of the odd and of the even part of a function, from complementary masks."""
