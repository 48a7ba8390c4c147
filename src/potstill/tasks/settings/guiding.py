"""The prompts of a run: checked, and its guidance rule and negative prompt put into the prior."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from potstill.baselines import Baseline
from potstill.diffusion.guidance import GuidanceRule, Guided, PerpNeg, Plain
from potstill.diffusion.prior import Condition, Prior
from potstill.errors import InputError
from potstill.methods import Method
from potstill.priors.pipeline import Pipeline


def check_edit(prior: Pipeline, source: str, target: str, method: Method | Baseline) -> None:
    """Raise unless a model can follow the prompts of an edit; warn where they are the same.

    Raises:
        InputError: the model takes no text prompt, or reads both prompts alike.
    """
    if not prior.encode_prompt(target):
        raise InputError(f"{prior.identity['name']} takes no text prompt, so it cannot edit: use another model")
    if isinstance(method, Baseline) or method.edits or source == target:
        prior.check_difference(source, target)


def steered(
    guided: Prior,
    rule: GuidanceRule,
    negative: str,
    encode: Callable[[str], Condition],
    identity: Mapping[str, object],
) -> Prior:
    """A guided prior with another rule and a negative prompt.

    Args:
        guided: the prior under guidance.
        rule: how its branches are combined.
        negative: the prompt that replaces the empty one, or that `PerpNeg` leads away from; "" for none.
        encode: makes a condition of a prompt.
        identity: of the model, whose name is for messages.

    Raises:
        InputError: the model is guided without an empty prompt.
    """
    if not negative and rule == Plain():
        return guided
    if not isinstance(guided, Guided):
        raise InputError(
            f"{identity['name']} is guided without an empty prompt: it takes no negative prompt, and no "
            "guidance but Plain()"
        )
    avoided = encode(negative) if negative else {}
    if isinstance(rule, PerpNeg):
        return replace(guided, rule=rule, avoided=((1.0, avoided),))
    return replace(guided, negative=avoided, rule=rule)
