"""potstill sample."""

import time
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
from potstill.tasks.prompt_sampling import check_numbers, sample
from potstill.tasks.schema import Option

_SIDE = 192  # pixels that a small picture is enlarged to, at most


@dataclass(frozen=True)
class SampleCommand:
    """Draw pictures of a prompt with plain DDIM sampling, to see what a model knows.

    Writes a sheet of all pictures, with a row for each of several prompts, and the settings beside it as JSON. A single
    picture is written as it is, for `potstill edit` to take.
    Picture n of the sheet starts from the noise of seed + n: --seed 7 --count 1 draws the eighth one again.

        potstill sample "red apple on a blue background"
        potstill sample "fluent hamburger" "noto octopus" --count 4
    """

    prompts: Annotated[tuple[str, ...], Option(positional=True, metavar="PROMPT")]
    """What to draw, in quotes: "red apple on a blue background". `potstill vocabulary` lists the words."""
    count: int = 8
    """Pictures of each prompt; at most 10,000 in all."""
    guidance_scale: float = 4.0
    """How strongly the prompt counts: uncond + scale (cond - uncond), as in diffusers."""
    steps: int = 50
    """Sampling steps, 1 to 1,000."""
    seed: int = 0
    """Random seed. The same seed gives the same bytes on the same machine."""
    model: str = "emoji"
    """emoji (bundled), a name on the Hugging Face hub, or a diffusers folder."""
    out: Path = Path("sample.png")
    """The PNG to write. If a file of that name exists, the next free name is taken, such as sample-2.png."""
    overwrite: bool = False
    """Replace existing files instead of taking the next free name."""
    json: bool = False
    """Print the settings as JSON."""

    def run(self) -> None:
        """Sample, write, print."""
        numbers = {name: getattr(self, name) for name in ("count", "guidance_scale", "steps", "seed")}
        check_numbers(len(self.prompts), **numbers)
        outputs, inputs = pictures(self.out), [Path(self.model)]
        check_outputs(outputs, inputs, self.overwrite)
        prior = load(self.model)
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
        document = {"prompts": self.prompts, **numbers, "model": dict(prior.identity), "size": size_text(*prior.size)}
        if read := {prompt: text for prompt in self.prompts if (text := prior.read_as(prompt))}:
            document |= {"read_as": read}
        document = to_json({**document, "seconds": round(time.perf_counter() - began, 3)})
        several = len(self.prompts) > 1
        captions = [text for prompt in self.prompts for text in [prompt] + [""] * (self.count - 1)] if several else []
        columns = self.count if several else min(self.count, 4)
        zoom = max(1, _SIDE // max(prior.size))
        png = png_bytes(images) if len(images) == 1 else contact_sheet(images, columns, captions, zoom)
        outputs = claim.settle()
        write(outputs.path, png)
        write(outputs.member(".json"), document.encode())
        if self.json:
            print(document)
        else:
            print_written([outputs.path, outputs.member(".json")])
