"""The Janus problem on a trained network: toys made by the model `toys`, which is told the camera, or is not.

    python -m benchmarks.toys_janus --out build/toys-janus.png

Draws the captions whose sides are told apart worst without the camera, two rows each: the camera told, and not told,
from eight sides. Prints for each caption the share of 24 views whose nearest true picture is from their side, the
`azimuth` of `potstill bench scenes`. Half a minute of CPU time for each scene, with one thread.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import tyro

import potstill
from potstill.bench.scene_judge import azimuth
from potstill.bench.scene_pictures import strip, truth
from potstill.bench.scene_starts import look
from potstill.io.contact_sheet import contact_sheet
from potstill.io.files import write
from potstill.scenes import ring
from potstill.tensors import Images

KNOWN: dict[str, dict[str, Any]] = {"told": {}, "not told": {"view_prompts": "PassEntries(())"}}
SIDES = 8


@dataclass(frozen=True)
class Run:
    """What is made and drawn."""

    captions: tuple[str, ...] = ("brown owl", "yellow duck", "white snowman", "orange cat")
    """Of `potstill bench scenes`, of toys with a front."""
    shown: int = 2
    """How many of them are drawn."""
    steps: int | None = None
    """By default those of `potstill generate`."""
    seed: int = 0
    out: Path = Path("build/toys-janus.png")


def main(run: Run) -> None:
    """Make, measure and draw."""
    torch.set_num_threads(1)
    prior, found = potstill.load("toys"), list[tuple[float, Images, list[str]]]()
    around = ring(SIDES, elevation=15.0, size=128)
    for caption in run.captions:
        views, texts, shares = [], list[str](), list[float]()
        for name, settings in KNOWN.items():
            scene = potstill.generate_scene(caption, model=prior, steps=run.steps, seed=run.seed, **settings).scene
            assert scene is not None
            share = azimuth(strip(look(scene, truth().cameras)), caption)
            assert share is not None
            views.append(look(scene, around))
            shares.append(share)
            texts += [f"{caption}, camera {name}", f"{share:.0%} on their side", *[""] * (SIDES - 2)]
            print(f"{caption}, camera {name}: azimuth {share:.2f}", flush=True)
        found.append((shares[1] - shares[0], torch.cat(views), texts))
    found.sort(key=lambda each: each[0])
    drawn = found[: run.shown]
    sheet = contact_sheet(torch.cat([each[1] for each in drawn]), SIDES, [text for each in drawn for text in each[2]])
    write(run.out, sheet)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
