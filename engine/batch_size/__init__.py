"""Which batch size fits into memory, and which is fastest: measured, not guessed."""
