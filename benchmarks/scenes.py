"""CPU time of the default commands on 3-D scenes, cold: a generation, and an edit of what it made.

    python -m benchmarks.scenes --threads 1

Each is a process of its own, with imports, the orbit and all files. Prints seconds of CPU time and of the clock.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    edit = ("edit", "red.ply", "--source", "red teapot", "--target", "blue teapot", "--out", "blue.ply")
    commands = {
        "generate gaussians": ("generate", "red teapot", "--scene", "gaussians", "--out", "red.ply"),
        "edit": edit,
        "generate volume": ("generate", "red teapot", "--scene", "volume", "--out", "red.glb"),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, words in commands.items():
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "potstill", *words],
                cwd=folder,
                env={**os.environ, "OMP_NUM_THREADS": str(given.threads)},
                capture_output=True,
                text=True,
                check=True,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
            print(
                f"{name}: {spent:.0f} s of CPU time, {time.perf_counter() - began:.0f} s, {given.threads} thread(s), "
                f"{size:.1f} MB so far; {done.stdout.splitlines()[0]}",
                flush=True,
            )


if __name__ == "__main__":
    main()
