"""An edit of a 3-D scene through its pictures: the steps move the pictures, then the scene is fitted to them."""

from collections.abc import Iterator

from torch import Generator

from potstill.diffusion.prior import Condition, Prior
from potstill.distillation import Step, distill
from potstill.errors import InputError
from potstill.scenes.snapshots import Refit
from potstill.scenes.viewing import RandomColour, Solid
from potstill.state import LoopState
from potstill.tasks.scenes.models import SceneModel
from potstill.tasks.scenes.task import SceneTask
from potstill.tasks.settings.plan import OptimizationPlan


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
        raise InputError(f"{wrong[0]} has no meaning with the route Refit(): leave it out, or give --route Direct()")


def refit_loop(
    task: SceneTask,
    route: Refit,
    scene: Solid,
    model: SceneModel,
    rng: Generator,
    target: Condition,
    source: Condition | None,
    denoiser: Prior | None = None,
) -> tuple[Iterator[Step], LoopState]:
    """The steps of the run, the last of which fits the scene, and what they change.

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
    loop = LoopState(pictures, descent.optimizer_of(pictures, len(pictures.latents)), rng)
    steps = distill(
        pictures,
        task.guided_scene(model, denoiser),
        task.method,
        target=target,
        source=source,
        source_scene=before,
        steps=plan.steps,
        rng=rng,
        optimizer=loop.optimizer,
        progress=loop.progress,
    )

    def fit() -> None:
        optimizer, falling = task.material.descent(scene, route.steps, task.last_rate)
        goal, fit_rng = pictures.goal(before, route.still), Generator().manual_seed(task.seed)
        pictures.fit(scene, goal, route.steps, fit_rng, optimizer, falling)

    def steps_and_fit() -> Iterator[Step]:
        if loop.progress.done >= plan.steps:  # resumed from the state after the last step
            fit()
        for step in steps:
            if step.index == plan.steps - 1:
                fit()
            yield step

    return steps_and_fit(), loop
