"""The training engine: usable without any screen, from Python and from a command line."""

import os

# Idle torch threads that spin take the core that a page, or the training itself, needs: up to 30
# times slower on a busy machine. OpenMP reads this when torch is imported, so it stands here.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
