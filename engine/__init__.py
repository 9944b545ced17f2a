"""The training engine: usable without any screen, from Python and from a command line."""
