"""The exact score of pictures of toys, given a caption and what is known of the camera."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.diffusion.codec import Codec, PixelUnshuffle
from potstill.diffusion.mixture import denoised
from potstill.diffusion.prior import Condition, Prediction, Prior
from potstill.diffusion.schedule import Schedule, linear
from potstill.errors import InputError
from potstill.fields import check_number
from potstill.priors.prompts import check_prompt, split
from potstill.scenes.cameras import Cameras
from potstill.tensors import Latent, Times, per_sample
from potstill.worlds.toys.bank import ToyBank
from potstill.worlds.toys.views import ByCamera, ViewKnowledge

CLASSES, CAMERA = "classes", "index"
"""The entries of a condition: which classes a caption names, [1, classes], and the number of the camera, [v]."""


@dataclass(frozen=True, eq=False)
class Toys(Prior):
    """Pictures in [-1, 1] of the toys of a bank, with noise of width s.

    With I_jk the picture of toy j (a class in one of its variants) from camera k, and w_ck what is known of camera c,

        p(x_0 | y, c) = mean over the toys j of y of sum_k w_ck N(x_0; I_jk, s² I).

    Its score is exact, as that of `Mixture`: x̂_0 follows from the posterior over (j, k),

        r_jk = softmax(log w_ck - alpha² |x_t / alpha - I_jk|² / 2v),   v = alpha² s² + sigma².

    The condition holds the classes that a caption names and the camera. Distances are computed as they are written,
    not by a matrix product, which loses six digits where they are small.

    Args:
        views: what is known of the camera: `ByCamera()`, `BySector()` or `Untold()`.
        bank: the toys.
        width: the standard deviation s > 0, in units of [-1, 1].
        schedule: the noise schedule.

    Raises:
        InputError: the width is not positive.
    """

    views: ViewKnowledge = ByCamera()
    bank: ToyBank = ToyBank()
    width: float = 0.05
    schedule: Schedule = field(default_factory=linear)

    def __post_init__(self) -> None:
        """Check the width."""
        check_number("width", self.width, 1e-6, 1e6, usual="0.05")

    @property
    def codec(self) -> Codec:
        """Pixels as they are, from [0, 1] to [-1, 1]."""
        return PixelUnshuffle()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures."""
        return self.bank.size, self.bank.size

    @property
    def cameras(self) -> Cameras:
        """The cameras that can take a picture, numbered."""
        return self.bank.cameras

    @property
    def unconditional(self) -> Condition:
        """All classes."""
        return {CLASSES: torch.ones(1, len(self.bank.classes), dtype=torch.bool)}

    def encode_prompt(self, prompt: str) -> Condition:
        """The classes whose caption holds every word of the prompt; all of them for "".

        Raises:
            InputError: there is none.
        """
        check_prompt(prompt)
        captions, wanted = [split(toy.caption) for toy in self.bank.classes], split(prompt)
        chosen = [set(wanted) <= set(words) for words in captions]
        if not any(chosen):
            raise InputError(_refusal(prompt, wanted, captions))
        return {CLASSES: torch.tensor([chosen])}

    def check(self, x0: Latent, condition: Condition) -> None:
        """Raise unless x0 are pictures [b, 3, h, w] of the bank's size, and the condition holds its cameras.

        Raises:
            InputError: they are not.
        """
        if x0.shape[1:] != (3, *self.size):
            raise InputError(
                f"a render of shape {tuple(x0.shape)} must hold pictures [b, 3, {self.size[0]}, {self.size[1]}] for "
                "these toys"
            )
        if CAMERA not in condition:
            raise InputError("the view has no camera of the toys: draw views by Among(prior.cameras)")
        numbers = condition[CAMERA]
        if (numbers < 0).any() or (numbers >= len(self.cameras)).any():
            raise InputError(f"camera {int(numbers.max())} of the toys must be from 0 to {len(self.cameras) - 1}")

    @cached_property
    def _log_weights(self) -> Float[Tensor, "c c"]:
        return self.views.weights(self.cameras).log()

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The exact x̂_0 and eps_hat, [b, 3, h, w]."""
        flat = x_t.flatten(1)
        alpha, sigma = (per_sample(c, flat) for c in self.schedule(t))
        factor = alpha.clamp(min=1e-12) ** 2 / ((alpha * self.width) ** 2 + sigma**2)
        scaled = flat / alpha.clamp(min=1e-12)
        log_weights = self._log_weights.to(x_t)[condition[CAMERA].cpu()]
        classes = condition[CLASSES].to(x_t.device)
        cameras = log_weights.isfinite().any(0).nonzero()[:, 0].tolist()
        logits = scaled.new_full((len(x_t), len(cameras), classes.shape[1] * self.bank.variants), -torch.inf)
        for place, camera in enumerate(cameras):
            rows = log_weights[:, camera].isfinite().nonzero()[:, 0]
            distance = torch.cdist(scaled[rows], self._centres(camera, x_t), compute_mode=_AS_WRITTEN)
            named = classes[rows].repeat_interleave(self.bank.variants, 1)
            found = log_weights[rows, camera, None] - factor[rows] / 2 * distance**2
            logits[rows, place] = found.where(named, -torch.inf)
        share = logits.flatten(1).softmax(1).view_as(logits)
        mean = torch.zeros_like(scaled)
        for place, camera in enumerate(cameras):
            rows = share[:, place].amax(1).nonzero()[:, 0]
            if len(rows):
                mean[rows] += share[rows, place] @ self._centres(camera, x_t)
        return Prediction(*(each.view_as(x_t) for each in denoised(mean, flat, alpha, sigma, self.width)))

    def _centres(self, camera: int, like: Tensor) -> Float[Tensor, "n d"]:
        """The pictures of all toys from a camera in [-1, 1], class by class."""
        return self.bank.pictures(camera).to(like).div(127.5).sub(1).flatten(2).flatten(0, 1).flatten(1)


_AS_WRITTEN = "donot_use_mm_for_euclid_dist"


def _refusal(prompt: str, wanted: Sequence[str], captions: Sequence[Sequence[str]]) -> str:
    known = list(dict.fromkeys(word for words in captions for word in words))
    unknown = [word for word in wanted if word not in known]
    if unknown:
        close = get_close_matches(unknown[0], known, 1, 0.75)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return f"no toy is called {unknown[0]!r}: {hint}the toys are {', '.join(' '.join(words) for words in captions)}"
    kin = [" ".join(words) for words in captions if set(wanted) & set(words)]
    return f"there is no {prompt!r} among the toys: choose from {', '.join(kin)}"
