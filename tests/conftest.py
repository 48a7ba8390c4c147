"""One thread a process: the suite runs one process a core."""

import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("shared machines", deadline=None)
settings.load_profile("shared machines")
