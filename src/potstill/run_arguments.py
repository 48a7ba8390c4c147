"""The arguments of `distill`, checked before its first step: a mistake is one error that says what to pass instead."""

import inspect
import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer, SparseAdam

from potstill.diffusion.prior import Condition, Prior
from potstill.diffusion.wrappers import unwrap
from potstill.errors import InputError, did_you_mean
from potstill.fields import check_count, shown
from potstill.methods import Method, named
from potstill.scenes.scene import View, takes_view
from potstill.tensors import Latent

LONGEST = 100_000_000
"""The most steps of a run."""


def check_arguments(
    scene: Any,
    prior: Any,
    method: Any,
    target: Any,
    source: Any,
    source_scene: Any,
    steps: Any,
    rng: Any,
    optimizer: Any,
) -> None:
    """Raise unless `distill` can begin with these.

    Raises:
        InputError: what is wrong, and what to pass instead.
    """
    _check_kind("scene", scene, nn.Module, "Points(points), or a torch.nn.Module whose forward renders it")
    _check_kind("prior", prior, Prior, 'potstill.load("emoji"), a Mixture, or a Prior of your own')
    _check_method(method)
    _check_condition("target", target, prior)
    if source is not None:
        _check_condition("source", source, prior)
    elif method.edits:
        raise InputError(f"{type(method).__name__} edits, so it needs the condition of the source: pass source=")
    if source_scene is not None:
        if source is None:
            raise InputError("source_scene is the source of an edit, whose condition is missing: pass source=, too")
        _check_kind("source_scene", source_scene, nn.Module, "the scene before the edit")
        takes_view(source_scene)
    check_count("steps", steps, LONGEST)
    _check_kind("rng", rng, Generator, "torch.Generator().manual_seed(0)")
    if rng.device.type != "cpu":
        raise InputError(f"rng is a generator on {rng.device}: pass one on the CPU, which gives the same everywhere")
    if torch.is_inference_mode_enabled() or not torch.is_grad_enabled():
        raise InputError("torch.no_grad() or inference_mode is on, and distill needs gradients: call it outside of it")
    takes_view(scene)
    trained = _check_parameters(scene)
    if optimizer is not None:
        _check_optimizer(optimizer, trained, type(scene).__name__)


def check_render(x0: Any, view: Any, prior: Prior, target: Condition, source: Condition | None) -> None:
    """Raise unless the render of a scene is data that the prior can denoise under these conditions.

    Raises:
        InputError: what is wrong with the render, its view or a condition.
    """
    if not isinstance(x0, Tensor) or not x0.is_floating_point():
        what = f"a tensor of {x0.dtype}" if isinstance(x0, Tensor) else f"a {type(x0).__name__}"
        raise InputError(f"the render of the scene is {what}: return a tensor of floating-point numbers, [b, ...]")
    if x0.layout is not torch.strided:
        raise InputError(f"the render of the scene is {x0.layout}: return a dense tensor, such as render.to_dense()")
    if x0.ndim < 2 or not x0.numel():
        raise InputError(
            f"the render of the scene has shape {tuple(x0.shape)}: it must be a batch [b, ...] of at least one sample; "
            "render[None] adds the axis for a single one"
        )
    if not (isinstance(view, Mapping) and all(isinstance(value, Tensor) for value in view.values())):
        raise InputError(
            f"the view of the scene is {shown(view)}: return a dict of tensors, empty if there is one view"
        )
    needed = prior.unconditional
    for name, condition in (("target", target), ("source", source)):
        if condition is None:
            continue
        told = {**condition, **view}
        if missing := sorted(needed.keys() - told.keys()):
            raise InputError(f"{name} lacks {', '.join(missing)}, which the prior takes: {_fix(prior, 'the prompt')}")
        for entry, value in told.items():
            if not value.ndim or len(value) not in (1, len(x0)):
                rows = len(value) if value.ndim else "no"
                raise InputError(f"{entry} of {name} has {rows} rows for {len(x0)} renders: give 1 row or {len(x0)}")
            if entry in needed and value.device != needed[entry].device:
                raise InputError(
                    f"{entry} of {name} is on {value.device}, and the prior on {needed[entry].device}: move it there"
                )
        prior.check(x0, told)


def check_source(x0_source: Any, x0: Latent) -> None:
    """Raise unless the source's render has the shape of the scene's.

    Raises:
        InputError: it has another one, so that it would broadcast.
    """
    shape = tuple(getattr(x0_source, "shape", ()))
    if shape != tuple(x0.shape):
        raise InputError(
            f"the source's render has shape {shape}, and the scene's {tuple(x0.shape)}: they must be the same"
        )


def preview(scene: nn.Module) -> Any:
    """The render of a scene with a single view, which leaves the scene and all random states as they are."""
    kept = {name: value.detach().clone() for name, value in scene.named_buffers()}
    arguments: tuple[View, ...] = ({},) if takes_view(scene) else ()
    devices = {value.device.index for value in scene.parameters() if value.is_cuda}
    with torch.no_grad(), torch.random.fork_rng(sorted(devices)):
        return torch.func.functional_call(scene, kept, arguments)


def _check_kind(name: str, value: Any, kind: type, example: str) -> None:
    if not isinstance(value, kind):
        brackets = isinstance(value, type) and issubclass(value, kind)
        fix = f"make an instance of it, {value.__name__}(...)" if brackets else f"pass {example}"
        raise InputError(f"{name} = {shown(value)} must be a {kind.__module__.split('.')[0]}.{kind.__name__}: {fix}")


def _check_method(method: Any) -> None:
    if isinstance(method, str):
        known = method.lower() in named()
        fix = f"pass potstill.methods.by_name({method.lower()!r})" if known else did_you_mean(method, named())
        raise InputError(f"method = {shown(method)} must be an instance such as PDS(), not its name: {fix}")
    if isinstance(method, type) and issubclass(method, Method):
        raise InputError(f"method = {method.__name__} is a class: pass an instance of it, {method.__name__}()")
    _check_kind("method", method, Method, "an instance such as PDS()")


def _check_condition(name: str, value: Any, prior: Prior) -> None:
    if not (isinstance(value, Mapping) and all(isinstance(entry, Tensor) for entry in value.values())):
        raise InputError(f"{name} = {shown(value)} must be a mapping of tensors by name: {_fix(prior, value)}")


def _fix(prior: Prior, value: Any) -> str:
    """How a condition is made for this prior."""
    inner = unwrap(prior)
    if hasattr(inner, "encode_prompt"):
        return f"pass prior.encode_prompt({shown(value) if isinstance(value, str) else '...'}) of the loaded model"
    return "pass prior.condition(label)" if hasattr(inner, "condition") else "pass what this prior takes"


def _check_parameters(scene: nn.Module) -> list[nn.Parameter]:
    """The parameters that are optimised."""
    trained = [value for value in scene.parameters() if value.requires_grad]
    name = type(scene).__name__
    if not trained:
        which = "no parameter that requires grad" if any(True for _ in scene.parameters()) else "no parameters"
        raise InputError(f"{name} has {which}, so there is nothing to optimise: make its tensors nn.Parameter")
    if any(value.is_meta for value in trained):
        raise InputError(f"{name} has parameters on the meta device, which hold no numbers: move it to a real device")
    if any(value.is_inference() for value in trained):
        raise InputError(f"{name} was made under torch.inference_mode(), so it takes no gradients: make it outside")
    return trained


def _check_optimizer(optimizer: Any, trained: list[nn.Parameter], scene: str) -> None:
    _check_kind("optimizer", optimizer, Optimizer, "one over its parameters, such as Adam(scene.parameters(), lr=0.01)")
    name = type(optimizer).__name__
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    if (closure is not None and closure.default is closure.empty) or isinstance(optimizer, SparseAdam):
        why = "takes sparse gradients only" if isinstance(optimizer, SparseAdam) else "evaluates the loss several times"
        raise InputError(f"{name} {why}, and a step of distill has one dense gradient: use Adam or SGD")
    groups = optimizer.param_groups
    moved = {id(value) for group in groups for value in group["params"]}
    if not any(id(value) in moved for value in trained):
        raise InputError(f"{name} holds no parameter of {scene}, so nothing would move: make it of scene.parameters()")
    for rate in (group.get("lr", 0.0) for group in groups):
        if not math.isfinite(rate if isinstance(rate, Real | Tensor) else 0.0):
            raise InputError(f"learning rate = {rate} of {name} must be finite; 0.01 is usual")
