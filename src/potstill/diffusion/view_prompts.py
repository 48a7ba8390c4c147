"""View-dependent prompts: the prompt follows the camera."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from potstill.diffusion.prior import Condition
from potstill.diffusion.views import ViewReading, angles, without_view
from potstill.errors import InputError
from potstill.fields import check_number, shown


@dataclass(frozen=True)
class ViewPrompts(ViewReading):
    """Prompts for the front, the sides, the back and from overhead, mixed by the camera (DreamFusion, arXiv 2209.14988,
    section 3.2).

    Each is a template in which `{}` stands for the prompt; "{}" leaves it as it is. `left` and `right` are the object's
    own; the same as `side` unless they are given, since few models tell them apart.

        prior = Guided(ByView(model, ViewPrompts()), 100.0)
        distill(scene, prior, SDS(), target=ViewPrompts().encode(model.encode_prompt, "a cup"), ...)

    Embeddings are interpolated linearly between the front at azimuth 0, the left at 90, the back at 180 and the right
    at -90 degrees. Above `overhead_from` degrees of elevation only the overhead prompt counts. A condition holds the
    embeddings of all five, [1, 5, ...]. The empty prompt is the same from everywhere.

    Raises:
        InputError: a template has no {}, or overhead_from is not from -90 to 90.
    """

    front: str = "{}, front view"
    side: str = "{}, side view"
    back: str = "{}, back view"
    overhead: str = "{}, overhead view"
    left: str | None = None
    right: str | None = None
    overhead_from: float = 60.0

    def __post_init__(self) -> None:
        """Check the templates."""
        super().__post_init__()
        check_number("overhead_from", self.overhead_from, -90.0, 90.0, usual="60")
        for template in self.templates:
            if template.count("{}") != 1:
                raise InputError(f"prompt of a view = {shown(template)} must hold {{}} once, where the prompt stands")

    @property
    def templates(self) -> tuple[str, str, str, str, str]:
        """Front, left, back, right and overhead."""
        left, right = (self.side if each is None else each for each in (self.left, self.right))
        return self.front, left, self.back, right, self.overhead

    def encode(self, encode: Callable[[str], Condition], prompt: str) -> Condition:
        """The condition of a prompt under all views: `encode` is called for each, such as `prior.encode_prompt`."""
        views = [encode(template.replace("{}", prompt)) for template in self.templates]
        return {name: torch.stack([view[name] for view in views], 1) for name in views[0]}

    def widen(self, condition: Condition) -> Condition:
        """The same from everywhere."""
        return {
            name: value[:, None].expand(-1, len(self.templates), *value.shape[1:]) for name, value in condition.items()
        }

    def __call__(self, condition: Condition, prompts: Collection[str]) -> Condition:
        """The condition under each camera. Integer entries, such as a mask, are the nearest view's.

        Raises:
            InputError: the condition holds no cameras, or was not made by `encode`.
        """
        shares = self.shares(*angles(condition))
        return {
            name: _mix(shares, value, name) if name in prompts else value
            for name, value in without_view(condition).items()
        }

    def shares(self, azimuth: Float[Tensor, " b"], elevation: Float[Tensor, " b"]) -> Float[Tensor, "b 5"]:
        """How much of front, left, back, right and overhead each camera takes, angles in degrees; they sum to 1."""
        turn = azimuth[:, None] / 90 - torch.arange(4).to(azimuth)
        around = (1 - ((turn + 2) % 4 - 2).abs()).clamp(min=0)
        above = (elevation > self.overhead_from).to(azimuth)[:, None]
        return torch.cat([around * (1 - above), above], 1)


def _mix(shares: Float[Tensor, "b 5"], rows: Shaped[Tensor, "#b ..."], name: str) -> Shaped[Tensor, "b ..."]:
    """sum_i share_i row_i for each sample; for integers the row with the largest share."""
    if rows.ndim < 2 or rows.shape[1] != shares.shape[1]:
        raise InputError(
            f"{name} of shape {tuple(rows.shape)} is not of all views, [b, {shares.shape[1]}, ...]: make the condition "
            "with ViewPrompts().encode(prior.encode_prompt, prompt)"
        )
    shares, rows = shares.to(rows.device), rows.expand(len(shares), *rows.shape[1:])
    if not rows.is_floating_point():
        return rows[torch.arange(len(rows)), shares.argmax(1)]
    return torch.einsum("bi,bi...->b...", shares.to(rows.dtype), rows)
