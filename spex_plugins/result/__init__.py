"""What an explanation is: interactions, tables of an index, files, and the checks that come with them."""
