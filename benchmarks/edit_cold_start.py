"""`potstill edit` with its defaults, from a cold start to the PNG, and its parts: at most 4 s on two cores and 1.2 GB.

Times are the fastest of several processes, one thread each; the parts are CPU time, so other load matters little. Also
`potstill sample` (4 s) and `potstill.load("emoji")` (2.5 s), each with the same in torch (`--backend torch`), and each
relative to a bare `import torch`, which depends less on the machine.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from potstill.io.images import png_bytes

REPEATS, MEGABYTES = 3, 1200
LIMITS = {"edit": 4.0, "sample": 4.0, "load": 2.5}
_CHILD = """
import time
marks = [time.process_time()]
import torch
marks.append(time.process_time())
import potstill.baselines, potstill.tasks.images.editing, potstill.cli.edit, rich.progress
marks.append(time.process_time())
prior = potstill.load(**({"backend": "torch"} if BACKEND == "torch" else {}))
marks.append(time.process_time())
for prompt in ("", "red heart", "blue heart"):
    prior.encode_prompt(prompt)
marks.append(time.process_time())
result = potstill.edit(PICTURE, source="red heart", target="blue heart", model=prior)
marks.append(time.process_time())
result.save(OUT)
marks.append(time.process_time())
print(*(after - before for before, after in zip(marks, marks[1:])))
"""
PARTS = ("import torch", "import potstill", "load", "encode three prompts", "6 steps, 24 evaluations, finish", "write")


def seconds(*words: str) -> float:
    """The wall time of the fastest of several processes."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return min(times)


def parts(picture: Path, out: Path, backend: str) -> list[float]:
    """The CPU time of each part."""
    code = f"PICTURE, OUT, BACKEND = {str(picture)!r}, {str(out)!r}, {backend!r}\n{_CHILD}"
    ended = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in range(REPEATS)
    ]
    rows = [[float(word) for word in each.stdout.split()] for each in ended]
    return min(rows, key=sum)


with tempfile.TemporaryDirectory() as folder:
    picture, out = Path(folder, "picture.png"), Path(folder, "out.png")
    picture.write_bytes(png_bytes(torch.rand(1, 3, 64, 64)))
    bare = seconds("-c", "import torch")
    edit = ("-m", "potstill", "edit", str(picture), "--source", "red heart", "--target", "blue heart")
    found = {
        "edit": edit,
        "sample": ("-m", "potstill", "sample", "red heart"),
        "load": ("-c", "import potstill; potstill.load('emoji')"),
    }
    slow = False
    for name, words in found.items():
        output = () if name == "load" else ("--out", str(out), "--overwrite")
        took = seconds(*words, *output)
        slow |= took > LIMITS[name]
        print(f"{name}: {took:.1f} s (limit {LIMITS[name]}), {took / bare:.1f} times the import of torch")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory: {peak:.0f} MB (limit {MEGABYTES})")
    columns = [parts(picture, out, backend) for backend in ("onnx", "torch")]
print("| CPU time of an edit, s | onnx | torch |\n|---|---:|---:|")
for name, *row in zip((*PARTS, "all"), *([*column, sum(column)] for column in columns), strict=True):
    print(f"| {name} |", " | ".join(f"{value:.2f}" for value in row), "|")
sys.exit(slow or peak > MEGABYTES)
