"""The measures of the model of toys: objects, colours, cameras, speed and size.

    python -m training.toys.measure --model build/toys/last/step-030000 --out measures.json

Every caption names a toy, its colours and a background, and is drawn from one of 32 cameras. The truth is `TOYS` toys
of each kind that no training had, rendered from the same cameras. Distances are those of `potstill.bench.retrieval`.

**Retrieval**: the drawing is compared with the true pictures of all kinds from its camera, in its colour and on its
background. It is right if the caption's kind is among the nearest five of all kinds. The **ceiling** is the same for
true pictures of other toys of the kind, blurred and noisy. **Colour**: of the true pictures of the kind in twelve
colours, one in that of the caption is the nearest pixel by pixel. **Background**: the same of the corners of the
drawing. **Azimuth**: of the true pictures of the kind from 16 sides at the same elevation, one within 22.5 degrees of
the camera is the nearest. It is counted for kinds whose sides differ by more than their light: pictures of one toy in
flat colours find their azimuth among those of others in at least `ASYMMETRIC` of all cameras.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro

from potstill.bench.retrieval import blur, features
from potstill.bench.scene_pictures import PARTS, paint
from potstill.cli.console import bar
from potstill.io.files import write
from potstill.priors.loading import BUNDLED
from potstill.priors.pipeline import Pipeline
from potstill.scenes.cameras import Cameras
from potstill.tasks.images.prompt_sampling import sample
from training.captions import BACKGROUNDS
from training.export import size
from training.measure import seconds, share, worn
from training.model import Images
from training.sheet import open_prior
from training.toys.kinds import KINDS
from training.toys.looks import Look, draw_look, whole
from training.toys.parts import COLOURS, Drawn
from training.toys.pictures import SIZE, VIEWS, Rendered, make, read, save
from training.toys.words import named

TOYS, SIDES, ELEVATIONS = 3, 16, (10.0, 40.0)
NEAREST, NEAR, ASYMMETRIC = 5, 22.5, 0.9


@dataclass(frozen=True)
class Measure:
    """The settings of the measurement."""

    model: str = "toys"
    """What `potstill.load` takes, or the folder of a checkpoint."""
    truth: Path = Path("build/toys/truth.safetensors")
    """The true pictures, which are rendered if the file does not exist."""
    out: Path | None = None
    """A JSON file for the numbers."""
    seen: int = 200
    """Captions of the training set."""
    unseen: int = 200
    """Captions with a held-out colour."""
    guidance_scale: float = 3.0
    """uncond + scale (cond - uncond)."""
    steps: int = 50
    """DDIM steps."""
    seed: int = 1
    """Seed of captions and noise."""
    threads: int = 1
    """CPU threads."""


@dataclass(frozen=True)
class Wanted:
    """What one drawing is to show."""

    look: Look
    background: str
    toy: int
    """The number of a true toy with the same parts."""
    view: int
    """The number of the camera."""

    @property
    def caption(self) -> str:
        """All of it but the camera."""
        return self.look.caption(background=self.background)


class Truth:
    """True pictures of all kinds from all cameras."""

    def __init__(self, rendered: Rendered) -> None:
        """Build one toy of each kind, for the usual colours of its parts."""
        self.rendered = rendered
        self.toys = {kind: whole(kind, Drawn(np.random.default_rng(0))) for kind in self.kinds}
        self.azimuth, self.elevation = rendered.azimuth[:VIEWS].tolist(), rendered.elevation[:VIEWS].tolist()

    @cached_property
    def kinds(self) -> list[str]:
        """Of each toy."""
        return [str(toy["kind"]) for toy in self.rendered.toys]

    def of(self, kind: str) -> list[int]:
        """The toys of a kind."""
        return [number for number, name in enumerate(self.kinds) if name == kind]

    def pictures(self, shown: Sequence[Wanted], lit: bool = True) -> Images:
        """What each is to look like, in the light of the training or in flat colours."""
        palettes = torch.zeros(len(shown), PARTS + 1, 3)
        for row, each in enumerate(shown):
            tints = each.look.palette(self.toys[each.look.kind])
            parts = self.rendered.toys[each.toy]["parts"]
            palettes[row, : len(parts)] = torch.tensor([COLOURS[tints[part]] for part in parts])
        behind = torch.tensor([BACKGROUNDS[each.background] for each in shown]) / 255
        pixels = self.rendered.pixels[[each.toy * VIEWS + each.view for each in shown]]
        if not lit:
            pixels[:, 0] = 255
        return paint(pixels, palettes, behind)

    def beside(self, view: int) -> list[int]:
        """The cameras at the same elevation."""
        return [other for other, height in enumerate(self.elevation) if height == self.elevation[view]]

    def turned(self, view: int, other: int) -> float:
        """The angle between the azimuths of two cameras, in degrees."""
        return abs((self.azimuth[view] - self.azimuth[other] + 180) % 360 - 180)

    @cached_property
    def asymmetric(self) -> frozenset[str]:
        """The kinds whose azimuth can be told from a picture."""
        return frozenset(kind for kind in {*self.kinds} if self._told(kind) >= ASYMMETRIC)

    def _told(self, kind: str) -> float:
        toys = self.of(kind)
        look = Look(kind, named()[kind].natural or "red")
        views = range(VIEWS)
        found = [features(self.pictures([Wanted(look, "white", toy, v) for v in views], lit=False)) for toy in toys]
        right = []
        for view in views:
            near = self.beside(view)
            others = np.stack([found[number][near] for number in range(1, len(toys))])
            distance = np.square(others - found[0][view]).sum(2).min(0)
            right.append(self.turned(view, near[int(distance.argmin())]) <= NEAR)
        return share(right)


def open_truth(file: Path) -> Truth:
    """Read the true pictures, or render them first."""
    if not file.exists():
        azimuth = [360.0 / SIDES * side for side in range(SIDES)] * len(ELEVATIONS)
        elevation = [height for height in ELEVATIONS for _ in range(SIDES)]
        seen = Cameras.orbit(azimuth, elevation, size=SIZE)
        save(file, make(np.random.default_rng([20, 10**6]), TOYS, seen))
    return Truth(read([file]))


def wanted(truth: Truth, count: int, seed: int, held_out: bool) -> list[Wanted]:
    """Random captions and cameras: of the training, or with a colour that is held out of it."""
    rng, found = np.random.default_rng([seed, int(held_out)]), list[Wanted]()
    while len(found) < count:
        for kind in map(str, rng.permutation([*KINDS])[: count - len(found)]):
            toy = int(rng.choice(truth.of(kind)))
            missing = frozenset(truth.rendered.toys[toy]["missing"])
            looks = _held_out(kind, missing, rng) if held_out else [draw_look(kind, missing, rng)]
            if looks:  # some kinds have no colour that is held out
                look = looks[int(rng.integers(len(looks)))]
                behind = str(rng.choice([colour for colour in BACKGROUNDS if colour != look.colour]))
                found.append(Wanted(look, behind, toy, int(rng.integers(VIEWS))))
    return found


def _held_out(kind: str, missing: frozenset[str], rng: np.random.Generator) -> list[Look]:
    """The looks whose colour of the whole is held out, or that of a part if all of these are trained."""
    looks = [Look(kind, colour, missing=missing) for colour in COLOURS]
    if held := [look for look in looks if look.held_out]:
        return held
    look = draw_look(kind, missing, rng)
    words = [name for name in look.about.words if name not in missing]
    return [each for name in words for tint in COLOURS if (each := replace(look, colours={name: tint})).held_out]


def kind_found(image: Images, want: Wanted, truth: Truth) -> list[str]:
    """All kinds, the nearest first."""
    shown = []
    for toy, kind in enumerate(truth.kinds):
        mine = kind == want.look.kind
        look = replace(want.look, kind=kind, colours=want.look.colours if mine else {}, missing=frozenset())
        shown.append(replace(want, look=look, toy=toy))
    distance = np.square(features(truth.pictures(shown)) - features(image)).sum(1)
    return list(dict.fromkeys(truth.kinds[number] for number in np.argsort(distance, kind="stable")))


def colour_found(image: Images, want: Wanted, truth: Truth) -> str:
    """The colour of the whole."""
    shown = [
        replace(want, look=replace(want.look, colour=colour), toy=toy)
        for toy in truth.of(want.look.kind)
        for colour in COLOURS
    ]
    distance = (blur(truth.pictures(shown), 1.0) - blur(image, 1.0)).square().sum((1, 2, 3))
    return shown[int(distance.argmin())].look.colour


def background_found(image: Images) -> str:
    """The colour of the corners."""
    corners = image[0, :, [0, 0, -1, -1], [0, -1, 0, -1]].median(1).values
    distance = (torch.tensor([*BACKGROUNDS.values()]) / 255 - corners).square().sum(1)
    return [*BACKGROUNDS][int(distance.argmin())]


def azimuth_found(image: Images, want: Wanted, truth: Truth) -> int:
    """The camera."""
    shown = [replace(want, toy=toy, view=view) for toy in truth.of(want.look.kind) for view in truth.beside(want.view)]
    distance = np.square(features(truth.pictures(shown)) - features(image)).sum(1)
    return shown[int(distance.argmin())].view


def answers(images: Images, wants: Sequence[Wanted], truth: Truth) -> dict[str, float]:
    """The shares of right drawings."""
    found: dict[str, list[bool]] = {name: [] for name in ("top_1", "top_5", "colour", "background", "azimuth")}
    for image, want in zip(images.split(1), wants, strict=True):
        kinds = kind_found(image, want, truth)
        found["top_1"].append(kinds[0] == want.look.kind)
        found["top_5"].append(want.look.kind in kinds[:NEAREST])
        found["colour"].append(colour_found(image, want, truth) == want.look.colour)
        found["background"].append(background_found(image) == want.background)
        if want.look.kind in truth.asymmetric:
            found["azimuth"].append(truth.turned(want.view, azimuth_found(image, want, truth)) <= NEAR)
    return {name: share(right) for name, right in found.items()}


def others(wants: Sequence[Wanted], truth: Truth, seed: int) -> Images:
    """True pictures of another toy of the kind, blurred and noisy."""
    shown = []
    for want in wants:
        toys = truth.of(want.look.kind)
        shown.append(replace(want, toy=toys[(toys.index(want.toy) + 1) % len(toys)]))
    return worn(truth.pictures(shown), seed)


def drawn(settings: Measure, prior: Pipeline, wants: Sequence[Wanted], truth: Truth, name: str) -> Images:
    """A drawing of each, with a progress bar of this name."""
    images = torch.empty(len(wants), 3, SIZE, SIZE)
    with bar(name) as on_step:
        for view in range(VIEWS):
            rows = [row for row, want in enumerate(wants) if want.view == view]
            if rows:
                images[rows] = sample(
                    [wants[row].caption for row in rows],
                    prior,
                    azimuth=truth.azimuth[view],
                    elevation=truth.elevation[view],
                    guidance_scale=settings.guidance_scale,
                    steps=settings.steps,
                    seed=settings.seed + 1000 * view,
                )
            on_step(view + 1, VIEWS)
    return images


def measure(settings: Measure, prior: Pipeline, truth: Truth) -> dict[str, Any]:
    """All numbers."""
    torch.set_num_threads(settings.threads)
    chosen = {name: value for name, value in asdict(settings).items() if name not in ("truth", "out")}
    numbers: dict[str, Any] = {"settings": chosen, "asymmetric": sorted(truth.asymmetric)}
    for name, count in (("seen", settings.seen), ("unseen", settings.unseen)):
        wants = wanted(truth, count, settings.seed, name == "unseen")
        numbers[name] = answers(drawn(settings, prior, wants, truth, name), wants, truth)
        numbers[name]["ceiling"] = answers(others(wants, truth, settings.seed), wants, truth)
    numbers["seconds"] = round(seconds(prior, settings.guidance_scale), 2)
    folder = BUNDLED.get(settings.model, Path(settings.model))
    numbers["megabytes"] = round(size(folder), 2)
    return numbers


def main(settings: Measure) -> None:
    """Measure everything, then write and print the numbers."""
    document = json.dumps(measure(settings, open_prior(settings.model), open_truth(settings.truth)), indent=1)
    if settings.out:
        write(settings.out, f"{document}\n".encode())
    print(document)


if __name__ == "__main__":
    main(tyro.cli(Measure, description=__doc__))
