"""For all tests: a busy machine is no reason to fail, and no thread keeps it busy with waiting."""

import os

from hypothesis import settings

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # read by PyTorch's OpenMP when PyTorch is imported

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")
