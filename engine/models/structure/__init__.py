"""The structure of a model: its modules, what flows between them, what they weigh and take."""
