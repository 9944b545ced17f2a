"""What is wrong with the rows of a dataset, and versions of it without them."""
