"""From rows of a dataset to split arrays, kept for the next start."""
