"""The optimisation loop, which moves a scene and yields every step."""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from potstill.diffusion.prior import Condition, Prior
from potstill.diffusion.wrappers import CallCounter, count_calls
from potstill.errors import InputError
from potstill.fields import no_type_check, shown
from potstill.methods.draw import Memory, Moment, Source
from potstill.methods.method import Method
from potstill.methods.render_model import WithRenderModel, count_renders
from potstill.optimizers import Adam
from potstill.run_arguments import check_arguments, check_render, check_source, preview
from potstill.scenes.scene import View, can_preview, has_views, takes_view
from potstill.tensors import Latent, Times, copied, norm_of_each, not_finite


@dataclass(frozen=True)
class Step:
    """One step of a run, as it was before the optimiser moved the scene."""

    index: int
    """From 0 up."""
    total: int
    """How many steps the run has."""
    t: Times
    """The time of each sample."""
    x0: Latent
    """The render."""
    gradient_norm: float | None
    """Mean over samples of the norm of the gradient; None for a baseline, which has no gradient."""
    loss: float | None
    """The value of `surrogate_loss`: how hard the scene is pulled, not how good it is. None for a baseline."""
    distance: float | None
    """Mean over samples of |x0 - x0_src|; None without a source."""
    evaluations: int
    """Network evaluations so far, over all samples."""


@dataclass
class Progress:
    """How far a run is. With it, the scene, the optimiser and the generator, the run can continue."""

    done: int = 0
    """Steps taken."""
    evaluations: int = 0
    """Network evaluations so far, over all samples."""
    memory: Memory | None = None
    """What the next step needs from earlier ones; None before the first step."""
    saved: Mapping[str, Any] | None = None
    """The `Memory.state` of a saved run, until the loop restores it."""

    def state(self) -> dict[str, Any]:
        """Everything, as numbers and mappings of tensors."""
        memory = self.saved if self.memory is None else self.memory.state()
        return {"done": self.done, "evaluations": self.evaluations, "memory": memory}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resume from `state` when the loop begins."""
        self.done, self.evaluations = int(state["done"]), int(state["evaluations"])
        self.memory, self.saved = None, state["memory"]

    def begin(self, method: Method, prior: Prior, rng: Generator, device: torch.device) -> Memory:
        """The memory of the first step. A resumed run drew it before, so its generator is left as it was."""
        if self.memory is None:
            before = rng.get_state()
            self.memory = method.init(prior, rng)
            if self.saved is not None:
                rng.set_state(before)
                self.memory = self.memory.restored(self.saved, device)
        return self.memory


def surrogate_loss(x0: Latent, gradient: Latent) -> Tensor:
    """|x0 - stop(x0 - gradient)|² / (2 b): a loss whose derivative with respect to x0 is gradient / b.

    In half precision it is computed in float32, as x0 - gradient would round the gradient to the last digit of x0.
    """
    x0, gradient = _wide(x0), _wide(gradient)
    return (x0 - (x0 - gradient).detach()).square().sum() / (2 * len(x0))


def loss_and_slope(x0: Latent, gradient: Latent) -> tuple[Tensor, Latent]:
    """`surrogate_loss` and its derivative with respect to x0, to the bit, without recording for autograd."""
    gap = _wide(x0) - (_wide(x0) - _wide(gradient))
    return gap.square().sum() / (2 * len(x0)), (gap * (1 / len(x0))).to(x0.dtype)


def _wide(x: Latent) -> Latent:
    """In float32, if it is in half precision."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


@no_type_check
def distill(
    scene: nn.Module,
    prior: Prior,
    method: Method,
    *,
    target: Condition,
    source: Condition | None = None,
    source_scene: nn.Module | None = None,
    steps: int,
    rng: Generator,
    optimizer: Optimizer | None = None,
    progress: Progress | None = None,
) -> Iterator[Step]:
    """Move the scene's parameters down the method's gradient, and yield after every step.

    In each step a view is drawn, the scene rendered, t and the noise drawn, the gradient estimated and
    one step of the optimiser taken on `surrogate_loss`.

    Args:
        scene: what is optimised, in place: a `Scene`, or any module whose `forward` renders [b, ...] from its view, or
            from nothing.
        prior: the denoiser, with its guidance.
        method: estimates the gradient.
        target: the condition to move towards.
        source: the condition that describes the scene as it is; editing methods need it.
        source_scene: the source of an edit, copied when the run begins; the scene itself by default.
        steps: the length of the whole run.
        rng: all randomness comes from it, on the CPU; the same seed gives the same bytes on the same machine.
        optimizer: over the scene's parameters; Adam with learning rate 0.01 by default.
        progress: where to begin, by default at the first step; updated in every step. With the scene, the optimiser
            and the generator as they were, a resumed run gives the same bytes (see `potstill.state`).

    Raises:
        InputError: an argument is not what it must be, with the fix; when `distill` is called, except for the render of
            a scene that draws views or is costly, which the first step checks.
        NotFiniteError: a NaN or an infinity, with step, time, quantity, method and dtype. Everything, including the
            generator and what the model of the renders has learned, is then as it was before the step.
    """
    check_arguments(scene, prior, method, target, source, source_scene, steps, rng, optimizer)
    if not isinstance(progress, Progress | None):
        raise InputError(f"progress = {shown(progress)} must be a Progress: pass that of a LoopState, or leave it out")
    if can_preview(scene):
        render = preview(scene)
        check_render(render, {}, prior, target, source)
        if source_scene is not None and source is not None and can_preview(source_scene):
            check_source(preview(source_scene), render)
    steps = int(steps)  # NumPy's numbers count, too
    so_far, descent = progress or Progress(), optimizer or Adam(scene.parameters(), lr=0.01)
    if any(group.get("weight_decay") for group in descent.param_groups):
        warnings.warn("weight decay pulls the scene towards 0: set weight_decay=0", stacklevel=2)

    def remaining_steps() -> Iterator[Step]:  # the checks above run at once, and not with the first step
        if so_far.done > steps:
            raise InputError(f"steps = {steps} of a run that has taken {so_far.done}: pass at least {so_far.done}")
        if so_far.done and source is not None and source_scene is None:
            raise InputError("a resumed edit needs the scene it began with, which has moved: pass source_scene=")
        render_source = None if source is None else frozen(scene if source_scene is None else source_scene)
        origin = None
        memory = so_far.begin(method, prior, rng, next(scene.parameters()).device)
        counter = CallCounter(evaluations=so_far.evaluations)
        counted = count_calls(prior, counter)
        if memory.render_model:
            counted = WithRenderModel(counted, count_renders(memory.render_model, prior, counter))
        begins, viewed, moved = so_far.done, takes_view(scene), method.edits
        draw_view: Any = scene.view if has_views(scene) else lambda rng: {}
        for index in range(begins, steps):
            before = rng.get_state()
            view = draw_view(rng)
            x0 = scene(view) if viewed else scene()
            if index == begins:
                check_render(x0, view, prior, target, source)
            if not (x0.requires_grad and torch.is_grad_enabled()):
                raise InputError(
                    "the render has no gradient with respect to the scene's parameters: compute it from them, and "
                    "take the steps outside of torch.no_grad()"
                )
            current = x0.detach().clone()
            with torch.no_grad():
                if render_source and (view or origin is None):
                    origin = Source(render_source(view), {**(source or {}), **view})
                    if index == begins:
                        check_source(origin.x0, current)
                learned = memory.render_model and copied(memory.render_model.state())
                moment = Moment(index, steps, current, {**target, **view}, origin, rng, bool(view))
                estimate, memory = method.next(moment, counted, memory)
                loss, slope = loss_and_slope(current, estimate.gradient)
            norms = norm_of_each(estimate.gradient)
            distances = norm_of_each(current - origin.x0) if origin else None
            norm, value = float(norms.mean()), float(loss)
            moved = moved or norm != 0
            distance = None if distances is None else float(distances.mean())
            if not math.isfinite(norm + value + (distance or 0.0)):
                rng.set_state(before)
                if memory.render_model and learned:
                    memory.render_model.restore(learned)
                drawn = {"x0": current, "noise": estimate.noise, "noise_prediction": estimate.prediction.eps}
                sizes = {"size_of_the_gradient": norms, "distance_from_the_source": distances}
                quantities = {**drawn, "gradient": estimate.gradient, **sizes, "loss": loss.expand(len(x0))}
                raise not_finite(type(method).__name__, index, estimate.t, **quantities)
            scene.zero_grad()  # that of the optimiser takes three times as long
            (x0 * slope).sum().backward()  # as x0.backward(slope), which imports sympy: half a second
            descent.step()
            counter.evaluations += estimate.training
            so_far.done, so_far.evaluations, so_far.memory = index + 1, counter.evaluations, memory
            yield Step(index, steps, estimate.t, current, norm, value, distance, counter.evaluations)
        if begins < steps and not moved:
            name = type(method).__name__
            warnings.warn(
                f"every gradient of {name} was exactly 0: if it compares with a source, set edits: ClassVar = True in "
                "its class; otherwise correct its residual or its weight",
                stacklevel=2,
            )

    return remaining_steps()


def frozen(scene: nn.Module) -> Callable[[View], Latent]:
    """A function that renders the scene with copies of its current parameters and buffers."""
    kept = {name: value.detach().clone() for name, value in (*scene.named_parameters(), *scene.named_buffers())}
    viewed = takes_view(scene)
    return lambda view: torch.func.functional_call(scene, kept, (view,) if viewed else ())
