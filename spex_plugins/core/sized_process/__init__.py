"""A Gaussian process on masks whose variance depends on the size of a mask."""
