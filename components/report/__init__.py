"""The picture of a run, or of several, on paper: what a report says, and how it is drawn."""
