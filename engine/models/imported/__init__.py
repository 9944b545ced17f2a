"""Models from the users' own Python code: seen, matched with the data, tried, and trained."""
