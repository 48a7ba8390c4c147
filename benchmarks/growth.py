"""Whether a scene that grows becomes a better one: Gaussians that are added, and grids that become finer.

    python -m benchmarks.growth --out docs/results/scenes-growth.json

The exact world of toys, 32 x 32 pixels, 300 steps of 3 views, one thread: as many evaluations in every row, about four
minutes of CPU time. Each row is written when it ends, and a second call makes only those that are missing, or
whose method, guidance, steps or views have changed.
"""

import argparse
import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Generator

from potstill import edit_scene, generate_scene
from potstill.scenes import Among, SolidColour, Viewing, fit
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.run import look
from potstill.tasks.settings.parsing import to_text
from potstill.worlds.toys.bank import ToyBank
from potstill.worlds.toys.measures import measure_toy, toys
from potstill.worlds.toys.prior import CLASSES, Toys
from potstill.worlds.toys.starts import Cloud

COMMON: dict[str, Any] = {"size": 32, "views": 3, "steps": 300}
CLOUDS = {
    "500": {"gaussians": 500},
    "1,000": {"gaussians": 1000},
    "250 to 500": {"gaussians": 250, "most_gaussians": 500},
    "500 to 1,000": {"gaussians": 500, "most_gaussians": 1000},
    "500 to 2,000": {"gaussians": 500, "most_gaussians": 2000},
    "500 to 1,000, in 15 changes": {"gaussians": 500, "most_gaussians": 1000, "densify_every": 10},
}
GRIDS = {
    "33": {"grid": 33},
    "49": {"grid": 49},
    "25 to 49": {"grid": 49, "coarse_grid": 25},
    "13 to 49": {"grid": 49, "coarse_grid": 13},
}
EDITS = {"500": {}, "500 to 1,000": {"most_gaussians": 1000}}
TOYS = ("red teapot", "blue snowman", "purple owl")
PAIR = ("red teapot", "blue teapot")
NAMED = ("part", "prompt", "size", "seed")
"""What names a row: one that was made with another method gives way to the new one."""


def rows(seed: int) -> Iterator[tuple[dict[str, Any], Any]]:
    """What identifies each run, and a function that makes its numbers."""
    made, changed = GenerateScene(prompt=TOYS[0], **COMMON), EditScene(source=PAIR[0], target=PAIR[1], **COMMON)
    for name, told in CLOUDS.items():
        for prompt in TOYS:
            key = {"part": "Gaussians", "prompt": prompt, "size": name, **as_run(made)}
            yield key, lambda prompt=prompt, told=told: generated(prompt, seed, told)
    for name, told in EDITS.items():
        key = {"part": "edit", "prompt": " to ".join(PAIR), "size": name, **as_run(changed)}
        yield key, lambda told=told: edited(*PAIR, seed, told)
    for name, told in GRIDS.items():
        for prompt in TOYS[:2]:
            key = {"part": "volume", "prompt": prompt, "size": name, **as_run(made)}
            yield key, lambda prompt=prompt, told=told: generated(prompt, seed, {"scene": "volume", **told})


def as_run(task: GenerateScene | EditScene) -> dict[str, Any]:
    """What else the numbers rest on: another method or guidance is another row."""
    settings = {"guidance": task.scale, "steps": task.resolve().steps, "views": task.views}
    return {"expression": to_text(task.method), **settings}


def generated(prompt: str, seed: int, told: dict[str, Any]) -> dict[str, float]:
    """The numbers of a generation."""
    return dict(generate_scene(prompt, seed=seed, **COMMON, **told).measured)


def edited(source: str, target: str, seed: int, told: dict[str, Any]) -> dict[str, float]:
    """The numbers of an edit of 500 Gaussians that were fitted to the first variant of the source."""
    prior, rng = Toys(bank=ToyBank(size=32)), Generator().manual_seed(seed)
    classes = [prior.encode_prompt(each)[CLASSES][0] for each in (source, target)]
    before, answer = (toys(prior.bank, each)[0] for each in classes)
    colour = SolidColour(*prior.bank.palette(prior.bank.classes[0])["background"])
    cloud = Cloud(count=500)
    scene = cloud.ball(rng, Viewing(Among(prior.cameras), 3, colour))
    optimizer, falling = cloud.descent(scene, 300)
    for _ in fit(scene, before, prior.cameras, steps=300, rng=rng, optimizer=optimizer):
        falling.step()
    first = look(scene, prior.cameras)
    result = edit_scene(scene, source=source, target=target, seed=seed, **COMMON, **told)
    assert result.scene is not None
    found = measure_toy(prior.bank, look(result.scene, prior.cameras), classes[1], (first, answer))
    return {"psnr": found.psnr, "agreement": found.agreement, "relative_error": found.relative_error or 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/growth.json"))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    known = json.loads(given.out.read_text()) if given.out.exists() else []
    for key, make in rows(given.seed):
        key = {**key, "seed": given.seed}
        if any(key.items() <= row.items() for row in known):
            continue
        began = time.process_time()
        made = {**key, **make(), "cpu_seconds": round(time.process_time() - began, 1)}
        known = [row for row in known if any(row[name] != key[name] for name in NAMED)] + [made]
        print(json.dumps(known[-1]), flush=True)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
