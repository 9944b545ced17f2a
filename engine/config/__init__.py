"""Groups of the TrainingConfig that have many variants."""
