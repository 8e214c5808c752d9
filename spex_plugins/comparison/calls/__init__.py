"""The value function in a comparison: counted for each run, and answered once for all of them."""
