"""The examples of the model `toys`: pictures of random toys in random colours, their captions and cameras."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from potstill.bench.scene_pictures import PARTS, paint
from potstill.diffusion.views import CameraEmbedding
from potstill.priors.unets import StableDiffusion
from training.captions import BACKGROUNDS
from training.examples import Examples, Plan, Source, on_backgrounds
from training.model import Images
from training.toys import words
from training.toys.looks import Look, draw_look, whole
from training.toys.parts import COLOURS, Drawn, Toy
from training.toys.pictures import VIEWS, Rendered, load
from training.toys.sheet import picture

READING = CameraEmbedding()
NO_CAPTION = 0.1  # share of empty captions: the unconditional prediction that guidance needs
NO_CAMERA = 0.1  # share of cameras that the model is not told
NATURAL = 0.5  # share of natural colours without a word
UNSAID = 0.1  # share of colours without a word in captions of kinds that have no natural one
STRANGE = 0.03  # share of captions with an unknown word, which the model should ignore
WHITE, NAMED = 0.2, 0.35  # shares of white backgrounds and of other named ones; the rest are any colour
BACKGROUND = 0.6  # share of named backgrounds that the caption names
_MIXED = "with without and background on a"


def vocabulary() -> list[str]:
    """Every word of every caption, sorted, without those that the tokenizer drops."""
    return sorted({*words.vocabulary(), *COLOURS, *_MIXED.split()} - {"a"})


class Layout(NamedTuple):
    """Pictures before they are painted."""

    picked: Int[Tensor, " b"]
    """The numbers of the rendered pictures."""
    palettes: Float[Tensor, "b parts 3"]
    """The colour of each part."""
    backgrounds: Float[Tensor, "b 3"]


class Pictures(Source):
    """Draws random pictures and paints them in random colours that are not held out."""

    def __init__(self, rendered: Rendered, device: torch.device | str = "cpu") -> None:
        """Build one toy of each kind, for the usual colours of its parts; images are painted on the device."""
        self.rendered, self.pixels = rendered, rendered.pixels.to(device)
        self._toys: dict[str, Toy] = {
            kind: whole(kind, Drawn(np.random.default_rng(0))) for kind in {toy["kind"] for toy in rendered.toys}
        }

    def draw(self, count: int, rng: torch.Generator) -> Plan:
        """Draw `count` examples."""
        seed, picked = _integer(2**62, rng), torch.randint(len(self.rendered.pixels), (count,), generator=rng)
        numbers = np.random.default_rng(seed)
        captions, palettes, backgrounds = [], torch.zeros(count, PARTS + 1, 3), torch.zeros(count, 3)
        for row, place in enumerate(picked.tolist()):
            toy = self.rendered.toys[place // VIEWS]
            look = draw_look(toy["kind"], frozenset(toy["missing"]), numbers)
            tints = look.palette(self._toys[look.kind])
            palettes[row, : len(toy["parts"])] = torch.tensor([COLOURS[tints[part]] for part in toy["parts"]])
            name, colour = background(look, numbers)
            backgrounds[row] = torch.tensor(colour)
            captions.append(say(look, name, numbers))
        told = torch.rand(count, generator=rng) >= NO_CAMERA
        waves = READING.embed(self.rendered.azimuth[picked], self.rendered.elevation[picked])
        return Plan(Layout(picked, palettes, backgrounds), captions, waves * told[:, None])

    def paint(self, layout: Layout) -> Images:
        """The images of a layout in [0, 1]."""
        picked, palettes, backgrounds = (part.to(self.pixels.device, non_blocking=True) for part in layout)
        return paint(self.pixels[picked], palettes, backgrounds)


def background(look: Look, rng: np.random.Generator) -> tuple[str, tuple[float, ...]]:
    """A background with its name, which is empty for a colour without one; never that of the toy."""
    kind = rng.random()
    if kind < WHITE + NAMED:
        name = "white" if kind < WHITE else str(rng.choice([*BACKGROUNDS]))
        if name != look.colour:
            return name, tuple(value / 255 for value in BACKGROUNDS[name])
    return "", tuple(rng.random(3).tolist())


def say(look: Look, name: str, rng: np.random.Generator) -> str:
    """A true caption, or an empty one."""
    empty, unsaid, behind, strange = rng.random(4).tolist()
    if empty < NO_CAPTION:
        return ""
    unsaid_share = NATURAL if look.colour == look.about.natural else 0 if look.about.natural else UNSAID
    text = look.caption(colour=unsaid >= unsaid_share, background=name if behind < BACKGROUND else "")
    if strange < STRANGE:
        said = text.split()
        said.insert(int(rng.integers(len(said) + 1)), "unheard")
        return " ".join(said)
    return text


def _integer(bound: int, rng: torch.Generator) -> int:
    return int(torch.randint(bound, (), generator=rng))


@dataclass(frozen=True)
class Toys(Examples):
    """Toys from any camera, for the model `toys`."""

    folder: Path = Path("build/toys")
    """The pictures of `training.toys.pictures`."""

    name: ClassVar = "toys"
    about: ClassVar = """\
Draws 64x64 pictures of toys from captions such as "green mug" or "snowman with a red hat", from any camera that looks
at them. It was trained on renders of toys that are built by rule, from the weights of the model of emoji. See
docs/results/toys-model.md in the repository."""
    camera: ClassVar[int] = READING.embed(torch.zeros(1), torch.zeros(1)).shape[1]

    @property
    def words(self) -> list[str]:
        """All words of all captions, in the order of their tokens."""
        return vocabulary()

    def phrases(self) -> dict[str, dict[str, list[str]] | list[str]]:
        """Toys with a colour, their parts with a colour, and what can be left out."""
        kinds = words.named().items()
        parts = [(kind, word) for kind, about in kinds for word in about.words.values()]
        return {
            "subjects": {"toys": [kind for kind, _ in kinds]},
            "parts": [f"{kind} with {word.coloured('...')}" for kind, word in parts],
            "missing parts": [f"{kind} without {word.phrase}" for kind, word in parts if word.optional and not word.on],
            "colours": [f"{colour} ..." for colour in COLOURS],
            "two parts": ["... with a ... and a ..."],
            "backgrounds": on_backgrounds(),
        }

    def open(self, device: torch.device) -> Source:
        """Read the pictures."""
        return Pictures(load(self.folder), device)

    def sheet(self, prior: StableDiffusion, steps: int) -> bytes:
        """Samples of fixed prompts from eight sides."""
        return picture(prior, steps=steps)
