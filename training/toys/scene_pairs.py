"""The edits and the prompts of `potstill bench scenes`, chosen by a fixed rule from the toys, and their files.

    python -m training.toys.scene_pairs

There is one toy of each kind, of which an edit changes the colour (`colour`), the colour of a part (`part`), or both
(`both`), to which it adds a part (`added`), from which it takes one (`taken`), or which becomes another kind in the
same colour (`swap`). Captions have no words for size. The model `toys` was trained on every source, and on the answers
of the split `seen`, but not on those of `held-out`. What changes must be seen: in `LEAST` of the pixels of the object.

Writes `scene_pixels.xz`, the pictures before they are coloured; `scene_starts.safetensors`, the Gaussians that every
source is fitted with, from cameras that score none (half an hour on one core; those that exist are kept); and
`scene_pairs.json`.
"""

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
import tyro
from jaxtyping import UInt8
from safetensors.torch import load_file
from safetensors.torch import save as packed_tensors
from torch import Generator, Tensor

from potstill.bench.scene_pictures import AZIMUTHS, BACKGROUND, ELEVATIONS, LIST, PARTS, PIXELS, SIZE, STARTS, paint
from potstill.cli.console import bar
from potstill.io.files import write
from potstill.scenes.camera_rules import Among
from potstill.scenes.cameras import Cameras
from potstill.scenes.fitting import fit
from potstill.scenes.gaussians import LEARNING_RATES
from potstill.scenes.viewing import SolidColour, Viewing
from potstill.tensors import Images
from potstill.worlds.toys.starts import Cloud
from training.toys.bank import ENTRIES
from training.toys.kinds import KINDS
from training.toys.looks import Look, optional, whole, without
from training.toys.measure import open_truth
from training.toys.parts import COLOURS, Spread, Toy
from training.toys.pictures import SAMPLES, cameras, packed
from training.toys.render import Renderer
from training.toys.words import named

GROUPS, SPLITS = ("colour", "part", "both", "added", "taken", "swap"), ("held-out", "seen")
EACH, PROMPTS, LEAST = 12, 40, 0.03
COUNT, STEPS, FITTED, CHANGE = 1200, 800, 48, 25
"""Gaussians of a source, steps and cameras of its fit, and steps before one background."""
SOURCE = {
    **{"teapot": "blue", "mug": "blue", "lamp": "purple", "house": "green", "cake": "pink", "car": "red"},
    **{"boat": "blue", "umbrella": "purple", "drum": "turquoise", "clock": "red", "television": "black"},
    **{"gift": "yellow", "bucket": "turquoise", "train": "green", "plane": "grey", "windmill": "yellow"},
}
"""The colours of sources whose kind has no natural one."""


@dataclass(frozen=True)
class Settings:
    """Where to."""

    truth: Path = Path("build/toys/truth.safetensors")
    """The pictures that tell which kinds have a front: those of `training.toys.measure`."""
    starts: Path = Path("build/toys/starts")
    """The folder of the fitted scenes."""


@cache
def toy(kind: str) -> Toy:
    """The toy of a kind, with all that it can have."""
    return whole(kind, Spread(0, 4))


@cache
def renderer(kind: str, missing: frozenset[str]) -> Renderer:
    """Of the toy without some parts."""
    shown = [replace(part, colour=part.name) for part in without(toy(kind), kind, missing)]
    return Renderer(shown, toy(kind))


@cache
def pixels(kind: str, missing: frozenset[str]) -> UInt8[Tensor, "n 3 64 64"]:
    """What the cameras that score see of it."""
    seen = Cameras.orbit(AZIMUTHS, ELEVATIONS, size=SIZE)
    return torch.from_numpy(packed(renderer(kind, missing)(seen, SAMPLES)))


def tints(look: Look) -> list[str]:
    """The colours of the parts that are there."""
    palette = look.palette(toy(look.kind))
    return [palette[part.name] for part in without(toy(look.kind), look.kind, look.missing)]


def pictures(planes: UInt8[Tensor, "n 3 64 64"], look: Look, background: tuple[float, ...] = BACKGROUND) -> Images:
    """The toy in its colours."""
    palette = torch.zeros(PARTS + 1, 3)
    palette[: len(tints(look))] = torch.tensor([COLOURS[tint] for tint in tints(look)])
    return paint(planes, palette.expand(len(planes), -1, -1), torch.tensor(background).expand(len(planes), 3))


def plain(kind: str, colour: str | None = None) -> Look:
    """The usual look of a kind: in its natural colour or that of `SOURCE`, without a hat."""
    own = named()[kind].natural or SOURCE[kind]
    return Look(kind, colour or own, missing=frozenset(word.name for word in optional(kind) if word.on))


def edits(kind: str, group: str, rng: np.random.Generator) -> list[tuple[Look, Look]]:
    """All edits of a group that start from a kind, in random order."""
    look, words = plain(kind), named()[kind].words
    there = [word for word in words.values() if word.name not in look.missing]
    tinted = [(word.name, colour) for word in there for colour in COLOURS if colour != look.colour]
    if group == "colour":
        found = [(look, replace(look, colour=colour)) for colour in COLOURS]
    elif group == "part":
        found = [(look, replace(look, colours={name: colour})) for name, colour in tinted]
    elif group == "both":
        found = [
            (look, replace(look, colour=whole, colours={name: colour}))
            for name, colour in tinted
            for whole in COLOURS
            if whole not in (colour, look.colour)
        ]
    elif group == "added":
        found = [
            (replace(look, missing=look.missing | {word.name}), _with(look, word.name, colour))
            for word in sorted(optional(kind), key=lambda word: word.name)
            for colour in COLOURS
            if colour != look.colour and (word.on or not look.missing)
        ]
    elif group == "taken":
        gone = [word.name for word in optional(kind) if not word.on]
        found = [(look, replace(look, missing=look.missing | {name})) for name in gone]
    else:
        found = [(look, plain(other, look.colour)) for other in KINDS if other != kind]
    found = [found[place] for place in rng.permutation(len(found)).tolist()]
    known = ENTRIES[kind].colours if kind in ENTRIES and group == "colour" else ()
    return sorted(found, key=lambda ends: ends[1].colour not in known)  # first what the exact world has, too


def _with(look: Look, word: str, colour: str) -> Look:
    return replace(look, missing=look.missing - {word}, colours={word: colour})


def changed(source: Look, answer: Look) -> float:
    """The share of the object's pixels that an edit changes."""
    one, other = (pixels(look.kind, look.missing) for look in (source, answer))
    change = (pictures(one, source) - pictures(other, answer)).abs().amax(1) > 0.1
    return float(change.sum() / ((one[:, 2] > 0) | (other[:, 2] > 0)).sum())


def chosen(group: str, split: str) -> Iterator[tuple[Look, Look]]:
    """Up to `EACH` edits of different kinds."""
    count = 0
    kinds = np.random.default_rng([*group.encode()]).permutation([*KINDS]).tolist()
    if group == "added":  # hats need no scene of their own to start from
        kinds.sort(key=lambda kind: not any(word.on for word in optional(kind)))
    for kind in kinds:
        for source, answer in edits(kind, group, np.random.default_rng([*f"{group} {kind}".encode()])):
            fits = not source.held_out and answer.held_out == (split == "held-out") and tints(source) != tints(answer)
            if fits and changed(source, answer) >= LEAST:
                yield source, answer
                count += 1
                break
        if count == EACH:
            return


def prompts(split: str) -> list[tuple[str, Look]]:
    """The group and the look of what is to be generated: a kind each, in a colour or with a part in one."""
    kinds, found = np.random.default_rng(7).permutation([*KINDS]).tolist(), []
    for number, kind in enumerate(kinds):
        for group in ("colour", "part") if number % 2 else ("part", "colour"):
            looks = [look for _, look in edits(kind, group, np.random.default_rng([*f"prompt {kind}".encode()]))]
            fitting = [look for look in looks if look.held_out == (split == "held-out")]
            if fitting:  # some kinds have no colour that is held out
                found.append((group, fitting[0]))
                break
    return found[:PROMPTS]


def start(look: Look, file: Path) -> Tensor:
    """The numbers [n, 14] of Gaussians that are fitted to a look, before backgrounds that change."""
    if not file.exists():
        rng = Generator().manual_seed(0)
        seen = cameras(FITTED, np.random.default_rng(0))
        planes = torch.from_numpy(packed(renderer(look.kind, look.missing)(seen, SAMPLES)))
        cloud = Cloud(count=COUNT)
        scene = cloud.ball(rng, Viewing())
        optimizer, falling = cloud.descent(scene, STEPS)
        for _ in range(STEPS // CHANGE):
            background = tuple(torch.rand(3, generator=rng).tolist())
            scene.viewing = Viewing(Among(seen.numbered()), 4, SolidColour(*background))
            goal = pictures(planes, look, background)
            for _ in fit(scene, goal, seen, steps=CHANGE, rng=rng, optimizer=optimizer):
                falling.step()
        numbers = torch.cat([getattr(scene, name).detach().reshape(COUNT, -1) for name in LEARNING_RATES], 1)
        write(file, packed_tensors({"numbers": numbers.half()}))
    return load_file(file)["numbers"]


def main(settings: Settings) -> None:
    """Choose, render, fit and write."""
    torch.set_num_threads(1)
    pairs = [(group, split, *ends) for split in SPLITS for group in GROUPS for ends in chosen(group, split)]
    wanted = [(group, split, look) for split in SPLITS for group, look in prompts(split)]
    looks = {look.caption(): look for *_, one, other in pairs for look in (one, other)}
    looks |= {look.caption(): look for *_, look in wanted}
    toys = list(dict.fromkeys((look.kind, look.missing) for look in looks.values()))
    planes = torch.stack([pixels(*each) for each in toys]).permute(2, 0, 1, 3, 4)
    write(PIXELS, lzma.compress(planes.numpy().tobytes(), preset=9 | lzma.PRESET_EXTREME))
    sources = dict.fromkeys(source.caption() for _, _, source, _ in pairs)
    print(f"{len(pairs)} pairs, {len(wanted)} prompts, {len(toys)} toys, {len(sources)} sources", flush=True)
    told = open_truth(settings.truth).asymmetric
    document = {
        "colours": COLOURS,
        "looks": {
            caption: {"toy": toys.index((look.kind, look.missing)), "colours": tints(look)}
            for caption, look in looks.items()
        },
        "told": [caption for caption, look in looks.items() if look.kind in told],
        "starts": {caption: number for number, caption in enumerate(sources)},
        "pairs": [
            {"group": group, "split": split, "source": one.caption(), "target": other.caption()}
            for group, split, one, other in pairs
        ],
        "prompts": [{"group": group, "split": split, "target": look.caption()} for group, split, look in wanted],
    }
    write(LIST, (json.dumps(document, indent=1) + "\n").encode())
    settings.starts.mkdir(parents=True, exist_ok=True)
    fitted = []
    with bar("starts") as on_step:
        for number, caption in enumerate(sources):
            fitted.append(start(looks[caption], settings.starts / f"{caption}.safetensors"))
            on_step(number + 1, len(sources))
    write(STARTS, packed_tensors({"numbers": torch.stack(fitted)}))
    print(*(f"{file.name} {file.stat().st_size:,} bytes" for file in (LIST, PIXELS, STARTS)))


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
