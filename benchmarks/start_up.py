"""The time of `potstill --help` and `import potstill`, as ratios to starting Python and to importing torch."""

import subprocess
import sys
import time


def seconds(*arguments: str, repeats: int = 7) -> float:
    """The fastest of several runs of Python with these arguments, after a warm-up."""
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return min(times[1:])


bare = seconds("-c", "pass")
usage = seconds("-m", "potstill", "--help")
torch = seconds("-c", "import torch", repeats=3)
core = seconds("-c", "import potstill; potstill.SDS, potstill.distill, potstill.Mixture", repeats=3)

print(f"potstill --help: {usage:.3f} s, {usage / bare:.1f} times a bare start of Python (limit 0.4 s)")
print(f"import of the core: {core:.2f} s, {core / torch:.2f} times the import of torch")
sys.exit(usage > 0.4)
