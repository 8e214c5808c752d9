"""Two Gaussian processes, of the odd and of the even part of a function, from masks and their complements."""
