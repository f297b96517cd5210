"""Settings every test needs before anything is imported."""

import os

from hypothesis import settings

# The cores are shared with other processes of the suite; spinning OpenMP threads would starve them.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# How long an example takes is the machine's affair.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
