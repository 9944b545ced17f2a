"""Learning rates over a run: schedules as formulas, and what must be measured."""
