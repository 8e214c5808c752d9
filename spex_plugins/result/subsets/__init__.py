"""Questions about sets of features, answered from the fitted function."""
