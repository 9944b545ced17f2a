"""One module for each check, or for two that measure alike."""
