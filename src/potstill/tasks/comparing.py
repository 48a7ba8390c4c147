"""Several methods on one picture or one prompt, from the same start with the same seed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from potstill.baselines import Baseline
from potstill.diffusion.prior import Prior
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io.decode import Picture
from potstill.methods import Method
from potstill.priors.pipeline import Pipeline
from potstill.state import Resumable, State
from potstill.tasks.editing import OPTIMISER, Edit, change
from potstill.tasks.effects import note_repeats
from potstill.tasks.generating import Generate
from potstill.tasks.parsing import from_text
from potstill.tasks.plan import ComparisonPlan
from potstill.tasks.run import Result, Run
from potstill.tasks.settings import RunSettings
from potstill.tensors import Images, Levels


@dataclass(frozen=True, kw_only=True)
class Compare(RunSettings):
    """The settings of a comparison, the same for every method: an edit has two prompts, a generation one."""

    source: str = ""
    """A prompt that describes the picture."""
    target: str = ""
    """A prompt that describes what it should become."""
    prompt: str = ""
    """A description of the picture to generate, to compare without IMAGE."""
    methods: tuple[str, ...] = ()
    """Names or expressions of methods and baselines; by default sds dds pds infedit, and sds sdi without IMAGE."""
    guidance_scale: float | None = None
    """How strongly the prompts count; by default 1.5, and 5 without IMAGE. uncond + scale (cond - uncond), as in
    diffusers."""

    inputs: ClassVar = {"image": False, "mask": False}

    @property
    def prompts(self) -> dict[str, str]:
        """The source and the target prompt, or the only one."""
        if self.prompt:
            return {"prompt": self.prompt}
        return {"source prompt": self.source, "target prompt": self.target}

    def resolve(self) -> ComparisonPlan:
        """With the default methods and guidance scale of an edit or a generation."""
        kind, names = (Generate, ("sds", "sdi")) if self.prompt else (Edit, ("sds", "dds", "pds", "infedit"))
        scale = kind.default_guidance_scale if self.guidance_scale is None else self.guidance_scale
        return ComparisonPlan(tuple(dict.fromkeys(self.methods or names)), scale)

    def tasks(self, inputs: Mapping[str, Picture]) -> dict[str, Edit | Generate]:
        """The task of each method.

        Raises:
            InputError: the prompts do not fit the inputs, or a method is unknown.
        """
        if ("image" in inputs) == bool(self.prompt):
            raise InputError(
                "an image is edited with --source and --target, and without an image --prompt is generated"
            )
        note_repeats(self.methods)
        names = self.resolve().methods
        shared = {field.name: getattr(self, field.name) for field in fields(RunSettings)}
        if self.prompt:
            return {name: Generate(method=from_text(name, Method), prompt=self.prompt, **shared) for name in names}
        sampled = {name: value for name, value in shared.items() if name not in OPTIMISER}
        tasks: dict[str, Edit | Generate] = {}
        for name in names:
            method = from_text(name, Method | Baseline)
            settings = sampled if isinstance(method, Baseline) else shared
            tasks[name] = Edit(method=method, source=self.source, target=self.target, **settings)
        return tasks

    def start(
        self, inputs: Mapping[str, Picture], prior: Pipeline, *, denoiser: Prior | None = None, frame_count: int = 30
    ) -> "ComparisonRun":
        """Be ready for the first step of the first method: see `Settings.start`. Without inputs it generates.

        Raises:
            InputError: the prompts do not fit the inputs, a method is unknown, or an input cannot be used.
        """
        self.check_inputs(inputs)
        return ComparisonRun(self, inputs, prior, {"denoiser": denoiser, "frame_count": frame_count})


class ComparisonRun(Resumable):
    """A comparison in progress: iterate over it for the steps of one method after the other."""

    def __init__(
        self, compare: Compare, inputs: Mapping[str, Picture], prior: Pipeline, options: dict[str, Any]
    ) -> None:
        """Start the first method; `options` are those of the `start` of each task."""
        self.compare, self._inputs, self._prior, self._options = compare, inputs, prior, options
        self._tasks = compare.tasks(inputs)
        self._results: dict[str, Result] = {}
        self._frames: dict[str, list[Levels]] = {}
        self._start_next()
        self.record = compare.record(prior, **{name: self._run.record[name] for name in inputs})

    def _start_next(self) -> None:
        """Be ready for the first step of the next method."""
        self._name = next(name for name in self._tasks if name not in self._results)
        task = self._tasks[self._name]
        self._run: Run = task.start(self._inputs, self._prior, **self._options)

    def __iter__(self) -> Iterator[tuple[str, Step]]:
        """The steps that are left, each with its method's name."""
        while len(self._results) < len(self._tasks):
            for step in self._run:
                yield self._name, step
            self._results[self._name], self._frames[self._name] = self._run.finish(), self._run.frames
            if len(self._results) < len(self._tasks):
                self._start_next()

    def live_state(self) -> State:
        """The results so far, and the state of the current run; not a copy."""
        done = {name: result for name, result in self._results.items() if name != self._name}
        return {
            "results": {name: (result.images, result.trace, result.record) for name, result in done.items()},
            "frames": {name: self._frames[name] for name in done},
            "run": self._run.live_state(),
        }

    def restore(self, state: State) -> None:
        """Continue from a state."""
        self._results = {name: Result(*parts) for name, parts in state["results"].items()}
        self._frames = {name: list(frames) for name, frames in state["frames"].items()}
        self._start_next()
        self._run.restore(state["run"])

    def finish(self, on_step: Callable[[str, Step], None] | None = None) -> "Comparison":
        """Take the steps that are left; `on_step` is called with each and its method's name."""
        for name, step in self:
            if on_step:
                on_step(name, step)
        compare, scale = self.compare, self.compare.resolve().guidance_scale
        steps = f", {compare.steps} steps" if compare.steps else ""
        title = f"{compare.prompt or f'{compare.source} → {compare.target}'}   (guidance scale {scale:g}{steps})"
        trajectories = {
            name: [*(frame / 255 for frame in self._frames[name]), result.images]
            for name, result in self._results.items()
        }
        return Comparison(title, self._run.source, self._results, trajectories)


@dataclass(frozen=True)
class Comparison:
    """The results of all methods."""

    title: str
    source: Images | None
    results: dict[str, Result]
    trajectories: dict[str, list[Images]]
    """The intermediate images of each method, and the last."""

    def numbers(self) -> list[dict[str, Any]]:
        """A record for each method: how much it changed, and its network evaluations."""
        source = self.source
        changes = {name: {} if source is None else change(each.images, source) for name, each in self.results.items()}
        evaluations = {name: result.trace[-1]["evaluations"] for name, result in self.results.items()}
        return [{"method": name, **changes[name], "evaluations": evaluations[name]} for name in self.results]
