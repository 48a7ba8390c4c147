"""1,000 edits in one process: resident memory, printed every 100 edits, must not grow.

A tiny model, two steps, four edits per batch, every edit with its own prompts, seed and image. The first 300 fill
caches (among them that of 256 prompts, and the allocator's); after that, memory may grow by 5 %.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import torch

from potstill.batch.manifest import BatchRow
from potstill.batch.work import work
from potstill.io.images import png_bytes
from potstill.priors.families import family
from potstill.tasks.images.editing import Edit
from tests import tiny

EDITS, EVERY, WARM, LIMIT = 1000, 100, 300, 1.05
LETTERS = "abcdefghijklmnopqrst"


def jobs(folder: Path) -> Iterator[BatchRow]:
    rng = torch.Generator().manual_seed(0)
    for index in range(EDITS):
        image = folder / f"{index}.png"
        image.write_bytes(png_bytes(torch.rand(1, 3, 24, 24, generator=rng)))
        name = "".join(LETTERS[int(digit)] for digit in str(index))
        method = ("pds", "dds", "ddim-inversion", "null-text")[index // 4 % 4]
        task = Edit.of({"source": f"a {name}", "target": f"b {name}", "method": method, "steps": 2, "seed": index})
        yield BatchRow.of(task, image=str(image)).with_content()


torch.set_num_threads(1)
pipe = tiny.build("sd")
pipe.set_progress_bar_config(disable=True)
prior, process, levels = family(pipe)(pipe, {"name": "tiny"}), psutil.Process(), []
with TemporaryDirectory() as name:
    waiting = jobs(Path(name))
    for count, outcome in enumerate(work({"picture": prior}, Path(name), 4, lambda _: next(waiting, None)), start=1):
        if outcome.error:
            sys.exit(outcome.error)
        if count % EVERY == 0:
            levels.append(process.memory_info().rss / 2**20)
            print(f"{count:5} edits: {levels[-1]:.1f} MiB", flush=True)
growth = levels[-1] / levels[WARM // EVERY - 1]
print(f"from {WARM} to {EDITS} edits: {growth - 1:+.1%} (limit {LIMIT - 1:+.0%})")
sys.exit(growth > LIMIT)
