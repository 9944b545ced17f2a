"""The commands of `python -m engine`. None imports torch before it trains."""
