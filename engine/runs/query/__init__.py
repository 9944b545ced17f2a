"""The language in which people ask for runs: `val/loss < 1.5 and optimizer.name == "adamw"`."""
