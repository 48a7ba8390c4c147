"""The settings that the generation and the edit of a drawing share."""

import abc
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.optim.lr_scheduler import LinearLR

from potstill.diffusion.prior import Condition, Prior
from potstill.distillation import Step, distill
from potstill.errors import InputError, Note
from potstill.fields import check_number
from potstill.io.outputs import FileOutputs
from potstill.io.resize import Fit, Size
from potstill.methods import Method
from potstill.optimizers import SharedAdam
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Chosen, Drawing, Latents, Masked
from potstill.scenes.scene import Scene
from potstill.scenes.several_drawings import SeveralDrawings
from potstill.state import LoopState
from potstill.tasks.files.drawings import DRAWING, Drawn, drawing_outputs
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.parsing import to_text
from potstill.tasks.settings.plan import DrawingPlan, falling
from potstill.tasks.settings.schema import Advanced, Option
from potstill.tasks.settings.shared import GuidedSettings
from potstill.tasks.settings.sizes import check_size
from potstill.tensors import Images, Latent
from potstill.vectors import Renderer
from potstill.vectors.regularizers import CurveRegularizer
from potstill.vectors.sketch import Kind, Sketch

SHOWN = 256
"""Pixels along the longer side of the picture of a result."""
RATE_OF: Mapping[Kind, str] = {
    "points": "point_rate",
    "widths": "width_rate",
    "colours": "colour_rate",
    "opacities": "opacity_rate",
    "stops": "stop_rate",
    "gradients": "gradient_rate",
}
"""The setting of each kind of numbers."""


@dataclass(frozen=True, kw_only=True)
class DrawingSettings(GuidedSettings, abc.ABC):
    """The settings of every task that makes a drawing.

    Raises:
        InputError: a value breaks the rule that its field states.
    """

    steps: int | None = None
    """Number of optimiser steps; by default 60 for an edit and 200 for a generation."""
    size: Annotated[Size | None, Option(metavar="WIDTHxHEIGHT")] = None
    """Width and height in pixels of the picture that the model sees in a step, such as 640x480; one number for a
    square. By default the size that the model was trained on."""
    change: tuple[Kind, ...] | None = None
    """What may change: points (of all shapes), colours, widths (of strokes), opacities, stops (of gradients: where
    their colours lie) and gradients (their places); by default points, colours and stops in an edit, and points,
    colours, opacities and widths in a generation."""
    learning_rate: Advanced[float | None] = None
    """In multiples of all rates below; by default 1."""
    point_rate: Advanced[float | None] = None
    """How far a point moves in the first step, in sides of the page."""
    width_rate: Advanced[float | None] = None
    """By how much the width of a stroke changes in the first step, in sides of the page."""
    colour_rate: Advanced[float | None] = None
    """By how much a colour changes in the first step; red, green and blue are from 0 to 1."""
    opacity_rate: Advanced[float | None] = None
    """By how much an opacity changes in the first step; it is from 0 to 1."""
    stop_rate: Advanced[float | None] = None
    """By how much a stop of a gradient moves in the first step, from 0 to 1."""
    gradient_rate: Advanced[float | None] = None
    """How far the ends of a gradient move in the first step, in sides of the page."""
    last_rate: Advanced[float] = 0.0
    """The rates after the last step, in multiples of the first; they fall evenly. 1 keeps them."""
    coupling: Advanced[float | None] = None
    """How far a point takes its neighbours along, in sides of the page, which keeps outlines smooth; 0 moves each
    alone. By default 0.06 in an edit and 0 in a generation."""
    background: Advanced[str] = "white"
    """The colour behind the drawing."""
    regularizers: Advanced[tuple[CurveRegularizer, ...]] = ()
    """Penalties on the curves, such as "NoCrossing(10)" "Smooth(1)"; none by default."""

    subject: ClassVar = "drawing"
    default_steps: ClassVar[int]
    default_rates: ClassVar[Mapping[Kind, float]]
    default_change: ClassVar[tuple[Kind, ...]]
    default_coupling: ClassVar[float]

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        check_number("last rate", self.last_rate, 0.0, 1.0, usual="0")
        if self.coupling is not None:
            check_number("coupling", self.coupling, 0.0, 1.0, usual="0.06")
        if self.change == ():
            raise InputError(f"change names nothing: choose some of {', '.join(RATE_OF)}")
        for kind, name in RATE_OF.items():
            if (rate := getattr(self, name)) is None:
                continue
            word = name.replace("_", " ")
            check_number(word, rate, 0.0, 100.0, usual=f"{self.default_rates[kind]:g}")
            if kind not in self.kinds:
                raise InputError(f"{word} = {rate} has no effect where {kind} do not change: add {kind} to change")

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What may change."""
        return self.default_change if self.change is None else self.change

    @property
    def ending(self) -> str:
        """How the name of the file of a result ends."""
        return DRAWING

    def outputs(self, path: str | Path) -> FileOutputs:
        """The drawing and what is written beside it."""
        return drawing_outputs(path)

    def resolve(self) -> DrawingPlan:
        """With the defaults of drawings."""
        factor = 1.0 if self.learning_rate is None else self.learning_rate
        rates: dict[Kind, float] = {}
        for kind in self.kinds:
            rate = getattr(self, RATE_OF[kind])
            rates[kind] = factor * (self.default_rates[kind] if rate is None else rate)
        coupling = self.default_coupling if self.coupling is None else self.coupling
        return DrawingPlan(self.steps or self.default_steps, self.scale, rates, coupling)

    def settings(self) -> dict[str, Any]:
        """The fields as JSON values, as stated."""
        return {**super().settings(), "regularizers": [to_text(each) for each in self.regularizers]}

    def resize(self, prior: Pipeline) -> Fit:
        """How the page is put on the canvas: whole, in the middle."""
        return replace(super().resize(prior), mode="pad", background=self.background)

    def canvas(self, sketch: Sketch, prior: Pipeline, chosen: Chosen) -> Drawing:
        """The scene of a sketch, at the working size; says so where the page has other proportions."""
        fit = self.resize(prior)
        height, width = fit.shape(0, 0)
        check_size(height, width, prior)
        if abs(sketch.width * height - sketch.height * width) > 0.01 * max(sketch.width * height, 1e-9):
            page = f"the page is {sketch.width:g} x {sketch.height:g}"
            text = f"{page}, and the model sees it in the middle of {width}x{height} pixels on {self.background}"
            warnings.warn(text, Note, stacklevel=3)
        chosen = replace(chosen, kinds=self.kinds)
        more: dict[str, Any] = {"background": fit.colour, "regularizers": self.regularizers}
        more["coupling"] = self.resolve().coupling
        return Drawing(sketch, prior.codec, height, width, chosen=chosen, **more).to(prior.device)

    def loop(
        self,
        scene: Drawing | SeveralDrawings,
        prior: Pipeline,
        method: Method,
        rng: Generator,
        target: Condition,
        source: Condition | None = None,
        mask: Float[Tensor, "1 1 h w"] | None = None,
        denoiser: Prior | None = None,
    ) -> tuple[Iterator[Step], LoopState]:
        """The steps of the run, and what they change."""
        plan = self.resolve()
        with torch.no_grad():
            origin: Latent = scene(scene.view(rng))
        moved: Scene = scene
        if mask is not None:
            cells = torch.nn.functional.interpolate(mask, origin.shape[-2:], mode="area")
            moved = Masked(scene, cells.to(origin), origin)
        optimizer = SharedAdam(scene.groups(plan.rates))
        scheduler = LinearLR(optimizer, 1.0, self.last_rate, plan.steps)
        loop = LoopState(moved, optimizer, rng, scheduler)
        size = prior.size_condition(origin)
        steps = distill(
            moved,
            self.guided(prior, method, denoiser),
            method,
            target={**target, **size},
            source=None if source is None else {**source, **size},
            source_scene=None if source is None else Latents(origin, prior.codec),
            steps=plan.steps,
            rng=rng,
            optimizer=optimizer,
            progress=loop.progress,
        )
        return falling(steps, scheduler), loop

    def run(
        self,
        file: Any,
        scene: Drawing,
        steps: Iterator[Step],
        loop: LoopState,
        record: Mapping[str, Any],
        frame_count: int = 0,
    ) -> Run:
        """The run on an `SvgFile`, whose picture is the page alone."""
        page = file.sketch
        side = SHOWN / max(page.width, page.height)
        shape = max(round(side * page.height), 1), max(round(side * page.width), 1)
        live = Renderer(page, *shape).to(scene.background.device)

        def render() -> Images:
            numbers = scene.numbers
            return live(numbers, scene.background.expand(len(numbers), -1)).clamp(0, 1)

        def complete(result: Result) -> Result:
            drawn = Drawn(file, scene.numbers[0].detach().cpu())
            written = drawn.sketch()
            with torch.no_grad():
                images = Renderer(written, *shape)(written.numbers[None].float(), scene.background[None].cpu())
            return replace(result, images=images.clamp(0, 1), drawing=drawn)

        return Run(dict(record), steps, loop, render, None, frame_count=frame_count, complete=complete)
