"""Settings every test needs before anything is imported."""

import os

# The cores are shared with other processes of the suite; spinning OpenMP threads would starve them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
