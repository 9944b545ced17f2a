"""Health check: what can be wrong with a model, measured before it is trained."""
