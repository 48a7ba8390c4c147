"""Several methods on one picture, scene or prompt, from the same start with the same seed."""

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, get_type_hints

from potstill.baselines import Baseline
from potstill.diffusion.prior import Prior
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.state import Resumable, State
from potstill.tasks.runs.run import Result, Run, Shown, change
from potstill.tasks.settings.effects import note_repeats
from potstill.tasks.settings.parsing import from_text
from potstill.tasks.settings.plan import ComparisonPlan
from potstill.tasks.settings.shared import OPTIMISER, Settings
from potstill.tasks.subjects import SUBJECTS
from potstill.tensors import Images


@dataclass(frozen=True, kw_only=True)
class Comparing(Settings, abc.ABC):
    """The settings of a comparison, the same for every method: an edit has two prompts, a generation one.

    Beside these a class has fields of the edit and of the generation of its subject, of the same names; those that are
    None are not stated.
    """

    source: str = ""
    """A prompt that describes what is edited."""
    target: str = ""
    """A prompt that describes what it should become."""
    prompt: str = ""
    """A description of what to generate, to compare without a file."""
    methods: tuple[str, ...] = ()
    """Names or expressions of methods, and of baselines for pictures; by default sds dds pds infedit, and without a
    file sdi and sds, which begins at a lower t for drawings and scenes."""
    guidance_scale: float | None = None
    """How strongly the prompts count; by default 1.5 for a picture, 1 for a drawing or a scene; without a file 2 for a
    picture, 5 for a drawing and 7.5 for a scene. uncond + scale (cond - uncond), as in diffusers."""

    edits_with: ClassVar[tuple[str, ...]] = ("sds", "dds", "pds", "infedit")
    generates_with: ClassVar[tuple[str, ...]] = ("sds", "sdi")

    @property
    def command(self) -> str:
        """The same for all subjects."""
        return "compare"

    @property
    def prompts(self) -> dict[str, str]:
        """The source and the target prompt, or the only one."""
        if self.prompt:
            return {"prompt": self.prompt}
        return {"source prompt": self.source, "target prompt": self.target}

    @property
    def kind(self) -> Any:
        """The class of each method's task."""
        return SUBJECTS[self.subject].task("generate" if self.prompt else "edit")

    @property
    def ending(self) -> str:
        """As that of each method's task."""
        return next(iter(self._tasks().values())).ending

    def resolve(self) -> ComparisonPlan:
        """With the default methods and guidance scale of an edit or a generation."""
        names = self.methods or (self.generates_with if self.prompt else self.edits_with)
        scale = getattr(self, "guidance_scale", None)
        return ComparisonPlan(tuple(dict.fromkeys(names)), self.kind.default_guidance_scale if scale is None else scale)

    def tasks(self, inputs: Mapping[str, Any]) -> dict[str, Settings]:
        """The task of each method.

        Raises:
            InputError: the prompts or a setting do not fit the inputs, or a method is unknown.
        """
        given, article = SUBJECTS[self.subject].inputs[0], "an" if self.subject == "picture" else "a"
        if (given in inputs) == bool(self.prompt):
            raise InputError(
                f"{article} {given} is edited with --source and --target, and without {article} {given} --prompt is "
                "generated"
            )
        note_repeats(self.methods)
        return self._tasks()

    def _tasks(self) -> dict[str, Settings]:
        doing, names = "generates" if self.prompt else "edits", {field.name for field in fields(self.kind)}
        told = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "methods"}
        for field in fields(self):
            if field.name in told.keys() - names and told.pop(field.name) != field.default:
                raise InputError(f"{field.name} does not apply to a comparison that {doing}: leave it out")
        told = {name: value for name, value in told.items() if value is not None}
        tasks: dict[str, Settings] = {}
        for name in self.resolve().methods:
            method = from_text(name, get_type_hints(self.kind)["method"])
            left_out = OPTIMISER if isinstance(method, Baseline) else ()
            tasks[name] = self.kind(method=method, **{n: v for n, v in told.items() if n not in left_out})
        return tasks

    def start(
        self, inputs: Mapping[str, Any], prior: Any, *, denoiser: Prior | None = None, frame_count: int = 30
    ) -> "ComparisonRun":
        """Be ready for the first step of the first method: see `Settings.start`. Without inputs it generates.

        Raises:
            InputError: the prompts do not fit the inputs, a method is unknown, or an input cannot be used.
        """
        self.check_inputs(inputs)
        return ComparisonRun(self, inputs, prior, {"denoiser": denoiser, "frame_count": frame_count})


class ComparisonRun(Resumable):
    """A comparison in progress: iterate over it for the steps of one method after the other."""

    def __init__(self, compare: Comparing, inputs: Mapping[str, Any], prior: Any, options: dict[str, Any]) -> None:
        """Start the first method; `options` are those of the `start` of each task."""
        self.compare, self._inputs, self._prior, self._options = compare, inputs, prior, options
        self._tasks = compare.tasks(inputs)
        self._runs: dict[str, Run] = {}
        first = self._run(next(iter(self._tasks)))
        stated = {"command": compare.command, "settings": compare.settings(), "resolved": asdict(compare.resolve())}
        self.record = {name: value for name, value in first.record.items() if name != "seeds"} | stated

    def _run(self, name: str) -> Run:
        """The run of a method, started if it was not."""
        if name not in self._runs:
            task: Any = self._tasks[name]
            self._runs[name] = task.start(self._inputs, self._prior, **self._options)
        return self._runs[name]

    def __iter__(self) -> Iterator[tuple[str, Step]]:
        """The steps that are left, each with its method's name."""
        for name in self._tasks:
            for step in self._run(name):
                yield name, step

    def live_state(self) -> State:
        """The state of every run that was started, those that are done, too; not a copy."""
        return {"runs": {name: run.live_state() for name, run in self._runs.items()}}

    def restore(self, state: State) -> None:
        """Continue from a state."""
        for name, part in state["runs"].items():
            self._run(name).restore(part)

    def finish(self, on_step: Callable[[str, Step], None] | None = None) -> "Comparison":
        """Take the steps that are left; `on_step` is called with each and its method's name."""
        for name, step in self:
            if on_step:
                on_step(name, step)
        compare, scale = self.compare, self.compare.resolve().guidance_scale
        steps = f", {compare.steps} steps" if compare.steps else ""
        title = f"{compare.prompt or f'{compare.source} → {compare.target}'}   (guidance scale {scale:g}{steps})"
        results = {name: run.finish() for name, run in self._runs.items()}
        return Comparison(title, results, {name: self._runs[name].shown(result) for name, result in results.items()})


@dataclass(frozen=True)
class Comparison:
    """The results of all methods."""

    title: str
    results: dict[str, Result]
    shown: dict[str, Shown]
    """What the figures show of each."""

    @property
    def source(self) -> Sequence[Images]:
        """What was edited, as the figures show it; empty without it."""
        return next(iter(self.shown.values())).source

    def numbers(self) -> list[dict[str, Any]]:
        """A record for each method: what was measured, how much it changed, and its network evaluations."""
        rows = []
        for name, result in self.results.items():
            changed = change(self.shown[name].images[-1], self.source[-1]) if self.source else {}
            evaluations = result.trace[-1]["evaluations"]
            rows.append({"method": name, **result.measured, **changed, "evaluations": evaluations})
        return rows
