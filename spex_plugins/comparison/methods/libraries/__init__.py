"""Methods of other libraries, each called through its own interface."""
