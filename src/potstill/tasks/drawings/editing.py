"""Edit a drawing with two prompts: one that describes it, one that describes what it should become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.prior import Prior
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io.decode import Picture, arrays, display_name, size_text
from potstill.io.files import as_path, file_hash
from potstill.io.images import read_mask
from potstill.methods import InfEdit, Method
from potstill.methods.times import Annealed
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Chosen
from potstill.tasks.drawings.settings import DrawingSettings
from potstill.tasks.files.provenance import input_record
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.effects import note_result
from potstill.tasks.settings.guiding import check_edit
from potstill.tasks.settings.schema import Advanced, Option
from potstill.tasks.settings.styles import AUTO, with_style
from potstill.tensors import copied
from potstill.vectors.sketch import Kind, Sketch

Box = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class EditDrawing(DrawingSettings):
    """The settings of the edit of a drawing."""

    source: str
    """A prompt that describes the drawing."""
    target: str
    """A prompt that describes what it should become."""
    method: Method = InfEdit(times=Annealed(low=0.25, high=0.95))
    only: tuple[str, ...] = ()
    """Ids of the elements that may change, with all within them, such as "#eye" "#mouth"; by default all. A shape
    without an id is path:3, the third <path> of the file."""
    only_box: Annotated[Box | None, Option(metavar="LEFT TOP RIGHT BOTTOM")] = None
    """Change only shapes within this box, in units of the viewBox; the others keep their bytes."""
    page: Advanced[Literal["auto", "keep", "change"]] = "auto"
    """The colours of what fills the whole page, such as a white rectangle: auto for change where the prompts name
    different backgrounds or --only chooses elements, and keep otherwise."""
    style: Advanced[str] = AUTO
    """The style of the drawing, for models that draw in several, such as the bundled one, and prompts that name none:
    auto for the one nearest to the drawing, none, or its name."""
    guidance_scale: float | None = None
    """How strongly the prompts count; by default 1, which suits the bundled model. uncond + scale (cond - uncond), as
    in diffusers."""

    command: ClassVar[str] = "edit"  # type: ignore[assignment,misc]
    before: ClassVar = {"page": "change"}
    inputs: ClassVar = {"drawing": True, "mask": False}
    default_guidance_scale: ClassVar = 1.0
    default_steps: ClassVar = 60
    default_coupling: ClassVar = 0.06
    default_change: ClassVar = ("points", "colours", "stops")
    default_rates: ClassVar[Mapping[Kind, float]] = {
        **{"points": 0.00015, "widths": 0.00015, "gradients": 0.00015},
        **{"colours": 0.04, "opacities": 0.01, "stops": 0.01},
    }

    @property
    def prompts(self) -> dict[str, str]:
        """The source and the target prompt."""
        return {"source prompt": self.source, "target prompt": self.target}

    def start(
        self, inputs: Mapping[str, Any], prior: Pipeline, *, denoiser: Prior | None = None, frame_count: int = 0
    ) -> Run:
        """Read the drawing, an SVG file or its bytes, and encode the prompts: see `Settings.start`.

        A mask is white where to edit, and has the proportions of the page: shapes that lie within its white may change.

        Raises:
            InputError: the drawing or the mask cannot be used, or the model takes no text prompt.
        """
        from potstill.io.svg import read_svg

        self.check_inputs(inputs)
        check_edit(prior, self.source, self.target, self.method)
        given, file = inputs["drawing"], read_svg(inputs["drawing"])
        named = bool(self.only) or _background(prior, self.source) != _background(prior, self.target)
        page = self.page == "change" or (self.page == "auto" and named)
        chosen, mask = Chosen(only=self.only, inside=self.only_box, page=page), None
        records: dict[str, Any] = {"drawing": drawing_record(given)}
        if "mask" in inputs:
            mask = self._mask(inputs["mask"], file.sketch, prior)
            records["mask"] = input_record(inputs["mask"], mask)
            chosen = replace(chosen, region=mask[0, 0])
        scene = self.canvas(file.sketch, prior, chosen)
        with torch.no_grad():
            latents = scene(scene.view(Generator()))
        source_prompt, target_prompt = with_style(self.style, prior, latents, self.source, self.target)
        source, target = (prior.encode_prompt(prompt) for prompt in (source_prompt, target_prompt))
        rng = Generator().manual_seed(self.seed)
        steps, loop = self.loop(scene, prior, self.method, rng, target, source, mask, denoiser)
        before, name = copied(scene.state_dict()), type(self.method).__name__
        read = {"source": source_prompt, "target": target_prompt}
        run = self.run(file, scene, steps, loop, self.record(prior, read, **records), frame_count)
        written = run.complete

        def complete(result: Result) -> Result:
            if self.scale != 0 and self.source != self.target:  # otherwise a warning has said why
                note_result(result.images, before, scene.state_dict(), name)
            return written(result)

        return replace(run, source=run.images(), complete=complete)

    def _mask(self, given: Picture, sketch: Sketch, prior: Pipeline) -> Float[Tensor, "1 1 h w"]:
        """The mask on the canvas.

        Raises:
            InputError: it cannot be read, or has other proportions than the page.
        """
        height, width = arrays(given, None, "the mask", colour=False)[0].shape[:2]
        if abs(width * sketch.height - height * sketch.width) > max(sketch.height, sketch.width):
            raise InputError(
                f"{display_name(given, 'the mask')} is {size_text(height, width)} pixels and the page "
                f"{sketch.width:g} x {sketch.height:g}: draw the mask on a picture of the whole page"
            )
        return read_mask(given, (height, width), self.resize(prior))


def edit_drawing(
    drawing: str | Path | bytes,
    *,
    source: str,
    target: str,
    model: str | Pipeline = "emoji",
    mask: Picture | None = None,
    on_step: Callable[[Step], None] | None = None,
    **settings: Any,
) -> Result:
    """Edit an SVG from what `source` says to what `target` says: `result.svg`, `result.save("blue.svg")`.

    Args:
        drawing: an SVG file, or its bytes.
        source: the prompt that describes the drawing.
        target: the prompt that describes what it should become.
        model: what `potstill.load` takes, or what it gives.
        mask: where to edit, white, with the proportions of the page.
        on_step: called with every `Step`.
        settings: the other fields of `EditDrawing`: method, steps, change, only, only_box, colour_rate, seed, ...

    Raises:
        InputError: the drawing, a prompt or a setting cannot be used.
        NotFiniteError: the run reached a NaN or an infinity.
    """
    task = EditDrawing.of({"source": source, "target": target, **settings})
    inputs = {"drawing": drawing} if mask is None else {"drawing": drawing, "mask": mask}
    return task.start(inputs, model if isinstance(model, Pipeline) else load(model)).finish(on_step)


def _background(prior: Pipeline, prompt: str) -> list[str]:
    """What a prompt says of the background: the word before it; nothing if it does not name it."""
    words = (prior.read_as(prompt) or prompt).lower().replace(",", " ").split()
    return [before for before, word in pairwise(["", *words]) if word.startswith("background")]


def drawing_record(given: str | Path | bytes) -> dict[str, str | None]:
    """How a drawing is found and recognised again."""
    if isinstance(given, bytes):
        import hashlib

        return {"path": None, "sha256": hashlib.sha256(given).hexdigest()}
    return {"path": str(given), "sha256": file_hash(as_path(given))}
