"""`potstill edit` with its defaults, from a cold start to the PNG: at most 20 s on two cores, at most 1.2 GB.

Also reported relative to a bare `import torch`, which depends less on the machine.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from potstill.io.images import png_bytes

SECONDS, MEGABYTES = 20, 1200


def seconds(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


with tempfile.TemporaryDirectory() as folder:
    picture = Path(folder, "picture.png")
    picture.write_bytes(png_bytes(torch.rand(1, 3, 64, 64)))
    prompts = ("--source", "red heart", "--target", "blue heart")
    took = min(seconds("-m", "potstill", "edit", str(picture), *prompts, "--out", str(picture)) for _ in range(3))
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
bare = min(seconds("-c", "import torch") for _ in range(3))
print(f"potstill edit: {took:.1f} s (limit {SECONDS}), {took / bare:.1f} times the import of torch")
print(f"peak memory: {peak:.0f} MB (limit {MEGABYTES})")
sys.exit(took > SECONDS or peak > MEGABYTES)
