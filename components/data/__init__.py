"""The Data page: datasets brought in, looked at, and trained on."""
