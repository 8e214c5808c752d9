"""A Gaussian process on masks whose variance depends on how many features a mask keeps."""
