"""Several methods on one picture or one prompt: the contact sheet, the animation, the numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from potstill.baselines import Baseline
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io.decode import Picture
from potstill.io.gif import row
from potstill.io.plotting import INK, caption, gif, new_figure, png
from potstill.methods import Method
from potstill.priors.pipeline import Pipeline
from potstill.state import Resumable, State
from potstill.tasks.editing import OPTIMISER, Edit, change
from potstill.tasks.generating import Generate
from potstill.tasks.run import Result, Run
from potstill.tasks.settings import Task, leading
from potstill.tasks.text import from_text
from potstill.tensors import Images, Levels

FRAMES = 30
"""Pictures of an animation."""


@leading("source", "target", "prompt", "methods")
@dataclass(frozen=True, kw_only=True)
class Compare(Task):
    """The settings of a comparison, the same for every method: an edit has two prompts, a generation one."""

    source: str = ""
    """The prompt that describes the image."""
    target: str = ""
    """The prompt that describes what it should become."""
    prompt: str = ""
    """What to show, to compare without an image."""
    methods: tuple[str, ...] = ()
    """Names or expressions, of baselines too. None means sds dds pds infedit, without an image sds sdi."""
    guidance_scale: float | None = None
    """uncond + scale (cond - uncond), as in diffusers. None means 1.5, or without an image 5."""

    def __post_init__(self) -> None:
        """Check every value, and state the guidance scale."""
        if self.guidance_scale is None:
            object.__setattr__(self, "guidance_scale", (Generate if self.prompt else Edit).default_guidance_scale)
        super().__post_init__()

    @property
    def prompts(self) -> dict[str, str]:
        """Both, or the only one."""
        if self.prompt:
            return {"prompt": self.prompt}
        return {"source prompt": self.source, "target prompt": self.target}

    def tasks(self, edits: bool) -> dict[str, Edit | Generate]:
        """The task of each method.

        Raises:
            InputError: the prompts do not fit, or a method is unknown.
        """
        if edits == bool(self.prompt):
            raise InputError(
                "an image is edited with --source and --target, and without an image --prompt is generated"
            )
        shared = {field.name: getattr(self, field.name) for field in fields(Task)}
        sampled = {name: value for name, value in shared.items() if name not in OPTIMISER}
        names = self.methods or (("sds", "dds", "pds", "infedit") if edits else ("sds", "sdi"))
        names = dict.fromkeys(names)
        if not edits:
            return {name: Generate(method=from_text(name, Method), prompt=self.prompt, **shared) for name in names}
        tasks: dict[str, Edit | Generate] = {}
        for name in names:
            method = from_text(name, Method | Baseline)
            settings = sampled if isinstance(method, Baseline) else shared
            tasks[name] = Edit(method=method, source=self.source, target=self.target, **settings)
        return tasks

    def run(
        self,
        prior: Pipeline,
        image: Picture | None = None,
        mask: Picture | None = None,
        on_step: Callable[[str, Step], None] | None = None,
    ) -> "Comparison":
        """Run every method from the same start with the same seed."""
        going = self.begin(prior, image, mask)
        for name, step in going:
            if on_step:
                on_step(name, step)
        return going.comparison()

    def begin(self, prior: Pipeline, image: Picture | None = None, mask: Picture | None = None) -> "Going":
        """As `run`, as an iterator over the steps that can stop and go on."""
        return Going(self, prior, image, mask)


class Going(Resumable):
    """A comparison at work: iterate over it for the steps of one method after the other."""

    def __init__(self, compare: Compare, prior: Pipeline, image: Picture | None, mask: Picture | None) -> None:
        """Begin with the first method."""
        self.compare, self._prior, self._image, self._mask = compare, prior, image, mask
        self._tasks = compare.tasks(image is not None)
        self._results: dict[str, Result] = {}
        self._frames: dict[str, list[Levels]] = {}
        self._begin()
        inputs = {name: self._run.record[name] for name in ("image", "mask") if name in self._run.record}
        self.record = compare.record(prior, **inputs)

    def _begin(self) -> None:
        """Be ready for the first step of the next method."""
        self._name = next(name for name in self._tasks if name not in self._results)
        task = self._tasks[self._name]
        if isinstance(task, Generate) or self._image is None:
            self._run: Run = task.start(self._prior)  # type: ignore[call-arg]  there is an image where it is an edit
        else:
            self._run = task.start(self._image, self._prior, self._mask)
        self._run.film = FRAMES

    def __iter__(self) -> Iterator[tuple[str, Step]]:
        """The steps that are left, each with its method's name."""
        while True:
            for step in self._run:
                yield self._name, step
            self._results[self._name], self._frames[self._name] = self._run.finish(), self._run.frames
            if len(self._results) == len(self._tasks):
                return
            self._begin()

    def state(self) -> State:
        """The results that are there, and where the run at work is."""
        done = {name: result for name, result in self._results.items() if name != self._name}
        return {
            "results": {name: (result.images, result.trace, result.record) for name, result in done.items()},
            "frames": {name: self._frames[name] for name in done},
            "run": self._run.state(),
        }

    def restore(self, state: State) -> None:
        """Go on from there."""
        self._results = {name: Result(*parts) for name, parts in state["results"].items()}
        self._frames = {name: list(frames) for name, frames in state["frames"].items()}
        self._begin()
        self._run.restore(state["run"])

    def comparison(self) -> "Comparison":
        """What every method made, once all steps are taken."""
        compare, source = self.compare, None
        if self._image is not None:
            source = next(task for task in self._tasks.values() if isinstance(task, Edit)).read(
                self._image, self._prior
            )
        title = compare.prompt or f"{compare.source} → {compare.target}"
        steps = f", {compare.steps} steps" if compare.steps else ""
        ways = {
            name: [*(frame / 255 for frame in self._frames[name]), result.images]
            for name, result in self._results.items()
        }
        title = f"{title}   (guidance scale {compare.guidance_scale:g}{steps})"
        return Comparison(title, source, self._results, ways)


@dataclass(frozen=True)
class Comparison:
    """What every method made."""

    title: str
    source: Images | None
    results: dict[str, Result]
    ways: dict[str, list[Images]]
    """The images on their way, frame by frame."""

    def numbers(self) -> list[dict[str, Any]]:
        """A record for each method: how far it went, and what it cost."""
        records = []
        for name, result in self.results.items():
            record: dict[str, Any] = {"method": name}
            if self.source is not None:
                record |= change(result.images, self.source)
            records.append(record | {"evaluations": result.trace[-1]["evaluations"]})
        return records

    def sheet(self) -> bytes:
        """The contact sheet as PNG: the source, each result, and below it where it differs from the source."""
        return png(self._figure()[0])

    def animation(self) -> bytes:
        """The sheet as GIF, the results on their way."""
        figure, shown = self._figure()
        moving = [artist for artists in shown.values() for artist in artists]
        frames = max(map(len, self.ways.values()))

        def draw(frame: int) -> None:
            for name, artists in shown.items():
                way = self.ways[name]
                images = way[round(frame * (len(way) - 1) / max(1, frames - 1))]
                artists[0].set_data(_array(images))
                if self.source is not None:
                    artists[1].set_data(_change(images, self.source))

        return gif(figure, moving, draw, frames, colours=255)

    def _figure(self) -> tuple[Figure, dict[str, list[Any]]]:
        edits = self.source is not None
        rows = self.numbers()
        figure, axes = new_figure(len(rows) + edits, 1 + edits, self.title, size=2.2)
        for axis in axes.flat:
            axis.set_axis_off()
        if self.source is not None:
            caption(axes[0, 0], "source")
            _show(axes[0, 0], _array(self.source))
            axes[1, 0].text(0.5, 0.5, "change\n(black: none)", ha="center", va="center", transform=axes[1, 0].transAxes)
        shown = {}
        for column, record in enumerate(rows, start=int(edits)):
            name, images = record["method"], self.results[record["method"]].images
            caption(axes[0, column], name)
            shown[name] = [_show(axes[0, column], _array(images))]
            told = f"{record['evaluations']:,} evaluations"
            if self.source is not None:
                shown[name].append(_show(axes[1, column], _change(images, self.source)))
                told = (
                    f"{record['pixels_changed']:.0%} of pixels changed\nrms change {record['rms_change']:.2f}\n{told}"
                )
            below = axes[-1, column]
            below.text(0.5, -0.04, told, ha="center", va="top", fontsize=8, color=INK, transform=below.transAxes)
        return figure, shown


def _show(axis: Axes, picture: np.ndarray) -> Any:
    return axis.imshow(picture, cmap="magma", vmin=0, vmax=1, interpolation="nearest")


def _array(images: Images) -> np.ndarray:
    """Images side by side, [h, w, 3]."""
    return row(images)[0].clamp(0, 1).permute(1, 2, 0).numpy()


def _change(images: Images, source: Images) -> np.ndarray:
    """The largest difference of a channel at each pixel, side by side, [h, w]."""
    difference = (images - source).abs().amax(1, keepdim=True).expand(-1, 3, -1, -1)
    return row(difference)[0, 0].numpy()
