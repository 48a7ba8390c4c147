"""The guidance rule and the negative prompt of a run, put into its prior."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from potstill.diffusion.guidance import GuidanceRule, Guided, PerpNeg, Plain
from potstill.diffusion.prior import Condition, Prior
from potstill.errors import InputError


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
