"""Documents as text: versions, files, differences, reference."""
