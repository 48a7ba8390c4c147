"""An edit of a 3-D scene through its pictures: the steps move the pictures, then the scene is fitted to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from torch import Generator

from potstill.diffusion.prior import Condition, Prior
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.scenes.cameras import Cameras
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.snapshots import Refit
from potstill.scenes.viewing import RandomColour, Solid
from potstill.state import LoopState, Resumable, State
from potstill.tasks.scenes.models import SceneModel
from potstill.tasks.scenes.run import SceneLoop, look
from potstill.tasks.scenes.task import SceneTask
from potstill.tasks.settings.plan import OptimizationPlan
from potstill.tensors import Images


def check_refit(task: SceneTask) -> None:
    """Raise unless the settings suit a fit.

    Raises:
        InputError: they add a loss, let the scene grow, or draw a background for each view.
    """
    stated = {
        "regularizers": bool(task.regularizers),
        "most_gaussians": task.most_gaussians is not None,
        "background = RandomColour()": isinstance(task.background, RandomColour),
    }
    if wrong := [name for name, is_stated in stated.items() if is_stated]:
        raise InputError(
            f"{wrong[0]} cannot be used with the route Refit(), the default of --model toys, which edits pictures and "
            'then fits the scene to them: leave it out, or use --route "Direct()"'
        )


@dataclass(eq=False)
class Refitting(Resumable):
    """What the steps change: first the pictures, then the scene, which is fitted to a goal."""

    pictures: LoopState
    scene: LoopState
    aim: Callable[[], Images]
    """The goal, once all pictures were moved; says what of the scene stays as it is."""
    goal: Images | None = None

    def live_state(self) -> State:
        """Of both."""
        parts = {"pictures": self.pictures.live_state(), "scene": self.scene.live_state()}
        return {**parts, "moved": self.goal is not None}

    def restore(self, state: State) -> None:
        """Of both. The goal is that of the scene as it was before the fit."""
        self.pictures.restore(state["pictures"])
        if state["moved"]:
            self.goal = self.aim()
        self.scene.restore(state["scene"])


def refit_loop(
    task: SceneTask,
    route: Refit,
    scene: Solid,
    model: SceneModel,
    rng: Generator,
    target: Condition,
    source: Condition | None,
    denoiser: Prior | None = None,
) -> SceneLoop:
    """The steps of the method, which move the pictures, and then those of the fit, which move the scene.

    Args:
        task: the settings.
        route: of the fit.
        scene: what is fitted, in place.
        model: makes the predictions.
        rng: of the run.
        target: the condition to move towards.
        source: the condition that describes the scene.
        denoiser: in place of the model's own.
    """
    plan, default = task.resolve(), task.method.default_optimizer
    pictures = route.moved(scene, rng)
    before = pictures.copy()
    descent = OptimizationPlan(plan.steps, plan.guidance_scale, default.optimizer, default.learning_rate)
    optimizer, falling = task.material.descent(scene, plan.fit_steps, task.last_rate)
    edit = LoopState(pictures, descent.optimizer_of(pictures, len(pictures.latents)), rng)
    fit = LoopState(scene, optimizer, Generator().manual_seed(task.seed), falling)
    moves = task.distilled(edit, model, target, source, before, denoiser)
    total = plan.steps + plan.fit_steps

    def aim() -> Images:
        if not isinstance(scene, Gaussians):
            return pictures.goal(before, route.still)
        held = 0.0 if scene.movable is None else scene.held_part(pictures.fixed)
        goal = pictures.goal(before, route.still, held)
        pictures.hold_unchanged(scene, goal, before)
        return goal

    state = Refitting(edit, fit, aim)

    def steps() -> Iterator[Step]:
        for step in moves:
            if step.index == plan.steps - 1:
                state.goal = aim()
            yield replace(step, total=total)
        assert state.goal is not None
        rest, left = pictures.latents.detach(), plan.fit_steps - fit.progress.done
        for each in pictures.fit(scene, state.goal, left, fit.rng, optimizer, falling) if left else ():
            index, cost = plan.steps + fit.progress.done, edit.progress.evaluations
            fit.progress.done += 1
            yield Step(index, total, rest.new_zeros(1), rest, None, each.loss, None, cost)

    def now(cameras: Cameras) -> Images:
        return look(scene, cameras) if fit.progress.done else pictures.pictures(cameras)

    return SceneLoop(steps(), state, now)
