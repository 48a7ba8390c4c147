"""potstill sample."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from potstill.cli.console import bar, print_written, to_json
from potstill.cli.interrupts import note
from potstill.io.claims import Claim, check_outputs
from potstill.io.contact_sheet import contact_sheet
from potstill.io.decode import size_text
from potstill.io.files import write
from potstill.io.images import png_bytes
from potstill.io.outputs import pictures
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.prompt_sampling import ELEVATION, check_numbers, default_model, default_steps, sample
from potstill.tasks.settings.schema import Option

_SIDE = 192  # pixels that a small picture is enlarged to, at most


@dataclass(frozen=True)
class SampleCommand:
    """Draw pictures of a prompt with plain DDIM sampling, to see what a model knows.

    Writes a sheet of all pictures, with a row for each of several prompts, and the settings beside it as JSON. A single
    picture is written as it is, for `potstill edit` to take.
    Picture n of the sheet starts from the noise of seed + n: --seed 7 --count 1 draws the eighth one again. The model
    toys knows the camera: from several sides, each picture has a row, in which all start from the same noise.

        potstill sample "red apple on a blue background"
        potstill sample "fluent hamburger" "noto octopus" --count 4
        potstill sample "green mug" --azimuth 30 --elevation 20
        potstill sample "green mug" "snowman with a red hat" --azimuth 0 90 180 270
    """

    prompts: Annotated[tuple[str, ...], Option(positional=True, metavar="PROMPT")]
    """What to draw, in quotes: "red apple on a blue background". `potstill vocabulary` lists the words."""
    count: int | None = None
    """Pictures of each prompt, at most 10,000 in all; by default 8, or 1 from several sides."""
    azimuth: tuple[float, ...] = ()
    """Where the camera stands, in degrees, for a model that knows views: 0 is the front, 90 the object's left. Several
    make a sheet over views. By default the camera is unknown, and the side random."""
    elevation: float | None = None
    """How high the camera stands, in degrees; by default 20, if an azimuth is given."""
    guidance_scale: float = 4.0
    """How strongly the prompt counts: uncond + scale (cond - uncond), as in diffusers."""
    steps: int | None = None
    """Sampling steps, 1 to 1,000; by default 25 for the bundled models, and 50 for others, as in diffusers."""
    seed: int = 0
    """Random seed. The same seed gives the same bytes on the same machine."""
    model: str | None = None
    """emoji or toys (bundled), a name on the Hugging Face hub, or a diffusers folder; by default emoji, or toys with
    --azimuth."""
    out: Path = Path("sample.png")
    """The PNG to write. If a file of that name exists, the next free name is taken, such as sample-2.png."""
    overwrite: bool = False
    """Replace existing files instead of taking the next free name."""
    json: bool = False
    """Print the settings as JSON."""

    def run(self) -> None:
        """Sample, write, print."""
        names = ("guidance_scale", "steps", "seed", "azimuth", "elevation")
        count = (1 if len(self.azimuth) > 1 else 8) if self.count is None else self.count
        numbers = {"count": count, **{name: getattr(self, name) for name in names}}
        check_numbers(len(self.prompts), **numbers)
        if self.azimuth and self.elevation is None:
            numbers["elevation"] = ELEVATION
        model = default_model(self.azimuth) if self.model is None else self.model
        outputs, inputs = pictures(self.out), [Path(model)]
        check_outputs(outputs, inputs, self.overwrite)
        prior = load(model)
        numbers["steps"] = default_steps(prior) if self.steps is None else self.steps
        if not all(prompt.strip() for prompt in self.prompts):
            note("a prompt is empty: the model draws without one")
        for prompt in self.prompts:
            prior.encode_prompt(prompt)  # warns of unknown words before the work
        with Claim(outputs, inputs, self.overwrite, say=note) as claim:
            self._draw(prior, numbers, claim)

    def _draw(self, prior: Pipeline, numbers: dict[str, Any], claim: Claim) -> None:
        began = time.perf_counter()
        with bar("sampling") as on_step:
            images = sample(self.prompts, prior, **numbers, on_step=on_step)
        told = {name: value for name, value in numbers.items() if value not in ((), None)}
        document = {"prompts": self.prompts, **told, "model": dict(prior.identity), "size": size_text(*prior.size)}
        if read := {prompt: text for prompt in self.prompts if (text := prior.read_as(prompt))}:
            document |= {"read_as": read}
        document = to_json({**document, "seconds": round(time.perf_counter() - began, 3)})
        columns, captions = sheet(self.prompts, numbers["count"], self.azimuth)
        zoom = max(1, _SIDE // max(prior.size))
        png = png_bytes(images) if len(images) == 1 else contact_sheet(images, columns, captions, zoom)
        outputs = claim.settle()
        write(outputs.path, png)
        write(outputs.member(".json"), document.encode())
        if self.json:
            print(document)
        else:
            print_written([outputs.path, outputs.member(".json")])


def sheet(prompts: Sequence[str], count: int, azimuth: Sequence[float]) -> tuple[int, list[str]]:
    """How the pictures lie on the sheet: how many are in a row, and what is written below each.

    Rows of four for one prompt; a row for each of several prompts; a row for each picture from several sides.
    """
    several = prompts if len(prompts) > 1 else [""]
    if len(azimuth) > 1:
        sides = [f"azimuth {side:g}" for side in azimuth]
        first = [f"{prompt}, {sides[0]}" if prompt else sides[0] for prompt in several]
        return len(azimuth), [text for start in first for text in (start, *sides[1:]) * count]
    if len(prompts) > 1:
        return count, [text for prompt in prompts for text in [prompt] + [""] * (count - 1)]
    return min(count, 4), []
