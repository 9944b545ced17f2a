"""What the machine does while it trains: read beside training, and logged like any metric."""
