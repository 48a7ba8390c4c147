"""Notes on settings that have no effect together, one line each; they are not refused."""

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from potstill.baselines import Baseline
from potstill.diffusion.codec import Codec, PixelUnshuffle
from potstill.diffusion.guidance import GuidanceRule, Interval, PerpNeg, Plain, Rescaled
from potstill.errors import Note
from potstill.methods.method import Method
from potstill.priors.prompts import PromptWarning
from potstill.tensors import Images

BEYOND = 1.5
"""The factor by which the root mean square of latents grows, from at least 1, in a run that is said to be spoiled. In
edits of emoji by methods that stop at the target it is at most 1.1, and 16 with the default at a learning rate of 3."""
WITHOUT_PROMPT = "at guidance scale 0, which is unconditional: choose a larger guidance scale, or leave it out"
"""Why a prompt changes nothing, and the fix."""


def idle_settings(
    method: Method | Baseline,
    prompt: str,
    scale: float,
    stated: bool,
    rule: GuidanceRule,
    negative: str,
    branches: bool,
) -> Iterator[str]:
    """The guidance settings that change nothing with a method, each with the fix.

    Args:
        method: of the run.
        prompt: what the prompt to follow is called.
        scale: of the guidance.
        stated: whether the user stated it.
        rule: of the guidance.
        negative: the negative prompt, empty without one.
        branches: whether the scale compares a conditional and an unconditional branch, and is no input of the network.
    """
    name, scales = type(method).__name__, method.rule_scales(scale)
    own = isinstance(method, Method) and method.guided_by == "none" and not method.noise.uses_guidance()
    idle = not any(_differs(rule, each) for each in scales)
    if negative.strip():
        yield from _idle_negative(method, scale, rule, idle)
    if branches and scale == 0 and not (method.uses_prompt(scale) or (scale in scales and _differs(rule, scale))):
        yield f"{prompt} changes nothing with {name} {WITHOUT_PROMPT}"
    if own and stated:
        yield f"the guidance scale changes nothing with {name}, which has its own: leave it out"
    if idle and not isinstance(rule, Plain | PerpNeg):
        why = f"at guidance scale {scale:g}: choose another scale, or"
        why = why if scales else f"with {name}, which {'has its own' if own else 'uses the scale alone'}:"
        yield f"guidance = {rule} changes nothing {why} leave it out"


def _differs(rule: GuidanceRule, scale: float) -> bool:
    """Whether a rule, with the negative prompt that `PerpNeg` takes, is another one than `Plain` at this scale."""
    if isinstance(rule, PerpNeg):
        return scale != 0
    return scale != 1 if isinstance(rule, Rescaled | Interval) else rule != Plain()


def _idle_negative(method: Method | Baseline, scale: float, rule: GuidanceRule, idle: bool) -> Iterator[str]:
    """Whether the negative prompt, which is the rule's with `PerpNeg`, changes nothing."""
    perpendicular, scales = isinstance(rule, PerpNeg), method.rule_scales(scale)
    if not idle if perpendicular else method.uses_negative(scale):
        return
    name = type(method).__name__
    where = f"with {name} at guidance scale {scale:g}"
    if perpendicular and not scales:
        where = f"with {name} under guidance = {rule}, which it does not use"
        fix = "leave guidance out" if method.uses_negative(scale) else "leave both out"
    elif scales:
        fix = "choose a larger guidance scale, or leave the negative prompt out"
    else:
        share = f"give {name} a share of it, as in {name}(negative=1.0)"
        fix = share if hasattr(method, "negative") else "leave it out"
    yield f"the negative prompt changes nothing {where}: {fix}"


def note_repeats(names: Iterable[str]) -> None:
    """Say which names are given more than once, where each runs once."""
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        warnings.warn(f"{', '.join(repeated)}: given more than once, and run once", Note, stacklevel=3)


def note_range(codec: Codec, before: Mapping[str, Tensor], after: Mapping[str, Tensor], name: str) -> None:
    """Warn of a run that left the range of a model of pixels, [-1, 1]; the latents of an autoencoder have no range.

    Args:
        codec: of the model.
        before: the tensors of the scene at the beginning, with a batch in front.
        after: those at the end.
        name: of the method.
    """

    def size(value: Tensor) -> float:
        return float(value.double().square().flatten(1).mean(1).amax().sqrt())

    if not isinstance(codec, PixelUnshuffle):
        return
    times = max(size(after[key]) / max(size(value), 1.0) for key, value in before.items())
    if times > BEYOND:
        fix = "choose a smaller learning rate or guidance scale, or fewer steps"
        text = f"{name} left the range of the model by a factor of {times:,.1f}, which spoils the picture: {fix}"
        warnings.warn(text, stacklevel=3)


def note_result(
    images: Images, before: Mapping[str, Tensor], after: Mapping[str, Tensor], name: str, undone: bool = False
) -> None:
    """Warn of an edit that left its scene as it was, or was undone, and of several results that are the same.

    Args:
        images: the results.
        before: the tensors of the scene at the beginning.
        after: those at the end.
        name: of the method.
        undone: whether the results are their source again.
    """
    if all(torch.equal(value, after[key]) for key, value in before.items()):
        text = f"{name} changed nothing: choose a larger guidance scale or learning rate, more steps or another method"
        warnings.warn(text, PromptWarning, stacklevel=3)
    elif undone:
        text = f"the finish undid the little that {name} changed: choose a larger guidance scale, or finish untouched"
        warnings.warn(text, PromptWarning, stacklevel=3)
    elif len(images) > 1 and bool((images == images[:1]).all()):
        text = f"the {len(images)} results are the same, as {name} draws nothing at random: leave count out"
        warnings.warn(text, PromptWarning, stacklevel=3)
