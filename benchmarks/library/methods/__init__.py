"""Methods that are compared with those of spex_plugins."""
