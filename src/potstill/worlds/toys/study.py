"""A study of methods on toys: a scene of Gaussians becomes a toy, or another one, seen from random cameras."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Generator

from potstill.diffusion.guidance import Guided, check_scale
from potstill.distillation import Step, distill
from potstill.errors import InputError
from potstill.fields import check_count
from potstill.io.files import file_hash
from potstill.methods import DDS, PDS, SDS, InfEdit, Method
from potstill.methods.noise import Inverted, Mixed, Previous
from potstill.methods.times import Annealed
from potstill.scenes.camera_rules import Among
from potstill.scenes.viewing import Solid, SolidColour, Viewing
from potstill.state import LoopState, Resumable, State
from potstill.tensors import Images
from potstill.worlds.plots import NOISES
from potstill.worlds.toys import figures
from potstill.worlds.toys.bank import FOLDER
from potstill.worlds.toys.measures import ToyMetrics, measure_toy, nearest_toy, toys
from potstill.worlds.toys.prior import CLASSES, Toys
from potstill.worlds.toys.starts import Cloud, ToyScene

_SDS = SDS(times=Annealed(high=0.7))
GENERATE: dict[str, Method] = {
    "sds": _SDS,
    "mixed": replace(_SDS, noise=Mixed(0.5)),
    "cached": replace(_SDS, noise=Previous()),
    "sdi": replace(_SDS, noise=Inverted(guidance_scale=0.0, extra=0.0)),
}
"""SDS with different noise sources; weight, annealed times and optimiser are the same. The inversion is unconditional
and adds nothing fresh, which is best here: the score is exact, so a negative guidance has no error to undo."""
EDIT: dict[str, Method] = {"infedit": InfEdit(), "dds": DDS(), "sds": SDS(), "pds": PDS()}
"""Methods that edit, as published."""
STEPS = 300
"""The steps that are enough for these scenes."""
EDIT_RATE = 0.5
"""The learning rate of an edit, in multiples of that of a generation: a faster one leaves the source's variant."""


@dataclass(frozen=True, eq=False)
class ToyRun:
    """The result of a method."""

    method: str
    pictures: Images
    """The scene from every camera of the bank."""
    metrics: ToyMetrics
    seconds: float
    evaluations: int
    """Network evaluations per view."""


@dataclass(frozen=True, eq=False)
class ToysStudy:
    """What is compared, and how. All methods start from the same scene, with the same seed.

    Raises:
        InputError: a number is out of range, a prompt names no toy, or an edit leads from one class to itself.
    """

    methods: Sequence[tuple[str, Method]]
    """Displayed names, and methods."""
    target: str
    """What the scene becomes."""
    source: str | None = None
    """What the scene is in the beginning; None for a grey ball."""
    prior: Toys = Toys()
    guidance_scale: float = 7.5
    steps: int = 300
    seed: int = 0
    views: int = 4
    """Cameras in a step."""
    scene: ToyScene = Cloud()
    """What it is made of."""
    fit_steps: int = 300
    """Steps of the fit of the scene that an edit starts from."""

    def __post_init__(self) -> None:
        """Check the numbers and the prompts."""
        if not self.methods:
            raise InputError("no method to compare: name at least one")
        check_scale(self.guidance_scale)
        check_count("steps", self.steps, 1_000_000, usual="300")
        check_count("views", self.views, len(self.prior.cameras), usual="4")
        check_count("seed", self.seed, 2**63 - 1, least=0)
        if self.source is None:
            if wanting := next((name for name, method in self.methods if method.edits), None):
                raise InputError(f"{wanting} edits, so it needs a source: use --task edit")
        elif torch.equal(self._classes(self.source), self._classes(self.target)):
            raise InputError(f"source {self.source!r} and target {self.target!r} are the same toys: state another one")
        for name, prompt in (("source", self.source), ("target", self.target)):
            if prompt is not None and self._classes(prompt).sum() > 1 and self.source is not None:
                raise InputError(
                    f"{name} = {prompt!r} names several toys: an edit leads from one to one, so add a colour"
                )
        self._classes(self.target)

    name = "toys"

    def _classes(self, prompt: str) -> Any:
        return self.prior.encode_prompt(prompt)[CLASSES][0]

    @property
    def viewing(self) -> Viewing:
        """The cameras of the bank, before its background."""
        red, green, blue = self.prior.bank.palette(self.prior.bank.classes[0])["background"]
        return Viewing(Among(self.prior.cameras), self.views, SolidColour(red, green, blue))

    def answer(self) -> tuple[Images, Images] | None:
        """The toy that an edit starts from and the one that it should lead to: the first variant in both classes."""
        if self.source is None:
            return None
        source, target = (toys(self.prior.bank, self._classes(each))[0] for each in (self.source, self.target))
        return source, target

    def start(self) -> Solid:
        """A grey ball, or for an edit a scene fitted to the pictures of the source."""
        rng = Generator().manual_seed(self.seed)
        scene = self.scene.ball(rng, self.viewing)
        if (pair := self.answer()) is not None:
            self.scene.fit(scene, pair[0], self.prior.cameras, self.fit_steps, rng)
        return scene

    def begin(self) -> "ToysRun":
        """The comparison, as a resumable iterator over the steps."""
        return ToysRun(self)

    def pictures(self, scene: Solid) -> Images:
        """The scene from all cameras."""
        cameras = self.prior.cameras
        return torch.cat([scene.pictures(cameras[part]) for part in torch.arange(len(cameras)).split(12)])

    def measured(self, pictures: Images, before: Images | None) -> ToyMetrics:
        """The metrics of a result, given the pictures of the scene that an edit started from."""
        pair = None if before is None or (answer := self.answer()) is None else (before, answer[1])
        return measure_toy(self.prior.bank, pictures, self._classes(self.target), pair)

    def picture(self, runs: Sequence[ToyRun]) -> bytes:
        """A PNG: four views of each result above those of the toy it should be."""
        return figures.views_picture(self._title, self._panels(runs), self.prior.cameras)

    def animation(self, runs: Sequence[ToyRun]) -> bytes:
        """A GIF: each result turns beside the toy it should be."""
        return figures.orbit(self._title, self._panels(runs), self.prior.cameras)

    @property
    def _title(self) -> str:
        what = f"“{self.target}” generated"
        if self.source is not None:
            what = f"“{self.source}” edited to “{self.target}”"
        return f"{what} from random views with an exact score, guidance scale {self.guidance_scale:g}"

    def _panels(self, runs: Sequence[ToyRun]) -> list[figures.ToyPanel]:
        """The results, each with the answer of the edit, or else with the nearest toy of the target."""
        pair, bank = self.answer(), self.prior.bank
        truths = [pair[1] if pair else nearest_toy(bank, run.pictures, self._classes(self.target)) for run in runs]
        remarks = NOISES if self.source is None else {}
        return [
            figures.ToyPanel(run.method, run.metrics, run.pictures, truth, run.evaluations, remarks.get(run.method, ""))
            for run, truth in zip(runs, truths, strict=True)
        ]

    def fingerprint(self) -> str:
        """A hash of the files of the bank: it tells banks apart."""
        return file_hash(*sorted(FOLDER.iterdir()))

    def document(self, runs: Sequence[ToyRun]) -> dict[str, Any]:
        """The settings and the metrics, ready for JSON."""
        return {
            "world": self.name,
            "task": "generate" if self.source is None else "edit",
            "source": self.source,
            "target": self.target,
            "guidance_scale": self.guidance_scale,
            "seed": self.seed,
            "methods": [
                {
                    "method": run.method,
                    **asdict(run.metrics),
                    "evaluations": run.evaluations,
                    "seconds": round(run.seconds, 3),
                }
                for run in runs
            ],
        }


class ToysRun(Resumable):
    """A running study: an iterator over the steps of all methods in order; `runs` holds the completed ones."""

    def __init__(self, study: ToysStudy) -> None:
        """Prepare the first method."""
        self.study, self.runs = study, []
        self._first: Solid | None = None
        self._begin()

    def _begin(self) -> None:
        """Prepare a method."""
        study = self.study
        self._first = self._first or study.start()
        self._scene = study.scene.ball(Generator().manual_seed(0), study.viewing)
        self._scene.load_state_dict(self._first.state_dict())
        optimizer, falling = study.scene.descent(self._scene, study.steps)
        self._loop = LoopState(self._scene, optimizer, Generator().manual_seed(study.seed), falling)
        self._seconds = 0.0

    def __iter__(self) -> Iterator[tuple[str, Step]]:
        """The remaining steps, each with the name of its method."""
        for name, method in self.study.methods[len(self.runs) :]:
            yield from self._steps(name, method)
            self._begin()

    def _steps(self, name: str, method: Method) -> Iterator[tuple[str, Step]]:
        study, loop, first = self.study, self._loop, self._first
        encode = study.prior.encode_prompt
        steps = distill(
            self._scene,
            Guided(study.prior, study.guidance_scale),
            method,
            target=encode(study.target),
            source=None if study.source is None else encode(study.source),
            source_scene=None if study.source is None else first,
            steps=study.steps,
            rng=loop.rng,
            optimizer=loop.optimizer,
            progress=loop.progress,
        )
        earlier, began = self._seconds, time.perf_counter()
        for step in steps:
            assert loop.scheduler is not None
            loop.scheduler.step()
            self._seconds = earlier + time.perf_counter() - began
            yield name, step
        seconds, evaluations = self._seconds, loop.progress.evaluations // study.views
        pictures = study.pictures(self._scene)
        before = None if study.source is None or first is None else study.pictures(first)
        self.runs.append(ToyRun(name, pictures, study.measured(pictures, before), seconds, evaluations))

    def live_state(self) -> State:
        """The completed runs, the state of the current one and the scene that all start from; not a copy."""
        assert self._first is not None
        return {
            "runs": [{**vars(run), "metrics": asdict(run.metrics)} for run in self.runs],
            "changing": self._loop.live_state(),
            "first": self._first.state_dict(),
            "seconds": self._seconds,
        }

    def restore(self, state: State) -> None:
        """Resume from a state."""
        self.runs = [ToyRun(**{**run, "metrics": ToyMetrics(**run["metrics"])}) for run in state["runs"]]
        assert self._first is not None
        self._first.load_state_dict(state["first"])
        self._begin()
        self._loop.restore(state["changing"])
        self._seconds = float(state["seconds"])
