"""One thread a process: the suite runs one process a core."""

import torch

torch.set_num_threads(1)
